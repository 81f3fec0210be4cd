"""Annae: a patient's way from the hospital's door home."""

import gc

# What is imported stays, and looking through it again and again is a seventh of the time that a process takes to start.
gc.set_threshold(100_000, 50, 100)
