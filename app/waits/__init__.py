"""Waits: how long somebody will still wait, told as a range with measured coverage, or not told at all."""
