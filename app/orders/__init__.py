"""Orders: what is ordered for a patient, what the shelves hold of it, and what it costs."""
