"""`var/demo.json`: what somebody needs to drive the demo; its owner's alone to read."""

import json
import os
from pathlib import Path
from typing import Any

from app import settings

OWNER_ONLY = 0o600


def path() -> Path:
    """Return where the leaflet lies."""
    return settings.current().var_dir / "demo.json"


def read() -> dict[str, Any]:
    """Return the last leaflet, or an empty one where there is none that can be read."""
    try:
        found = json.loads(path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write(content: dict[str, Any]) -> Path:
    """Write the leaflet whole or not at all: a script may be reading it."""
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=2)
        file.write("\n")
    draft.replace(target)
    return target


def discard() -> None:
    """Throw the leaflet away."""
    path().unlink(missing_ok=True)
