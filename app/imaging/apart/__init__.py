"""Pictures of strangers are decoded in a process of its own: little memory, little time, no secret of the house."""

from app.imaging.apart.reader import Reader, Written

__all__ = ["Reader", "Written"]
