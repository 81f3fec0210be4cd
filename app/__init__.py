"""Annae: a patient's way from the hospital's door home."""
