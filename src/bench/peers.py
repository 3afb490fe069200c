"""What was changed in the peers' configurations for their advantage, and what it was worth."""

CHANGES = (
    "nginx, HAProxy: as many workers or threads as there are cores; nginx keeps 64 idle connections to its upstreams per worker",
    "Caddy: 256 idle connections to its upstreams (default 32)",
)
