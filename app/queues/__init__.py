"""Queues: who waits where, in which order, and who was called into which room."""
