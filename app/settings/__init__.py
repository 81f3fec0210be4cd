"""Settings: read once from the environment, frozen, and loud when a hospital would be unsafe with them."""

from app.settings.loading import Settings, current, from_environment, load, surroundings, use
from app.settings.shapes import ROOT, SettingsError

__all__ = ["ROOT", "Settings", "SettingsError", "current", "from_environment", "load", "surroundings", "use"]
