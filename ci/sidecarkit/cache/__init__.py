"""Content-addressed folders under the user's cache folder, shared by all checkouts and, if asked, by machines."""

from sidecarkit.cache.store import Cache, CacheEntry

__all__ = ["Cache", "CacheEntry"]
