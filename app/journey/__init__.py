"""The journey: the visit's nine states, and the only place that moves a visit."""
