"""Checks a model file's header before native code sees it."""
