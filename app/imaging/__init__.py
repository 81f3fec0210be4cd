"""Imaging: studies that came in, whose they are, where they are kept, and what was refused and why."""
