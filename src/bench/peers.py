"""What was changed in the peers' configurations for their advantage, and what it was worth."""

CHANGES = (
    "nginx, HAProxy: as many workers or threads as there are cores; an nginx worker keeps 64 idle connections",
    "Caddy: 256 idle connections for small requests (default 32)",
    "nginx with large buffers is a target of its own: downloads at 2.0 times the rate for 0.4 times the CPU time of nginx"
    " as it is usually run (64 KiB and 8 x 256 KiB for answers, 256 KiB for uploads)",
)
