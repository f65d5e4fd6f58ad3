"""A sidecar that answers every line with itself."""

__version__ = "1.2.3"
