"""Who takes what is promised of studies, each under a name of its own."""

from app.core.relay import register
from app.imaging.consumers import analysis
from app.imaging.consumers.renditions import RENDITIONS


def register_consumers() -> None:
    """Take promises of studies."""
    register(RENDITIONS)
    register(analysis.consumer())
