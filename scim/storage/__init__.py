"""The store: one directory per provider, over a port of three calls."""
