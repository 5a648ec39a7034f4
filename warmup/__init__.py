"""A self-hosted email warm-up scheduling daemon. Start reading at `warmup.daemon.run`."""

__version__ = "0.1.0"
