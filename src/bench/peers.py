"""What was changed in the peers' configurations for their advantage, and what it was worth."""

CHANGES = (
    "nginx, HAProxy: as many workers or threads as there are cores; an nginx worker keeps 64 idle connections",
    "Caddy: 256 idle connections for small requests (default 32)",
)
