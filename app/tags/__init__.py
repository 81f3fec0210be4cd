"""Tags: what a phone is held to; who stands there, and that they stand there now."""
