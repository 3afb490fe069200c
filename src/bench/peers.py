"""What was changed in the peers' configurations for their advantage, and what it was worth."""

CHANGES = (
    "nginx, HAProxy: as many workers or threads as there are cores; an nginx worker keeps 64 idle connections",
    "Caddy: 256 idle connections for small requests (default 32)",
    "nginx with large buffers is a target of its own beside nginx as it is usually run (256 KiB for uploads, 64 KiB and"
    " 8 x 256 KiB for answers): on 2 cores uploads at 2.5 to 2.8 times the rate for a third of the CPU time, downloads at"
    " 1.9 to 2.0 times for 0.4 of it",
)
