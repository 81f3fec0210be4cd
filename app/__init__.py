"""Annae: a patient's way from the hospital's door home."""

import gc

# What is imported stays: looking through it again and again makes every start longer.
gc.set_threshold(100_000, 50, 100)
