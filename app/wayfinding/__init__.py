"""Wayfinding: one map per site, the quickest way through it for walkers, wheelchairs and stretchers."""
