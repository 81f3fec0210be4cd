"""docs/settings.md, written from app/settings/: `python -m app.cli.settings_doc docs/settings.md`."""

import sys
from datetime import time
from pathlib import Path
from typing import Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.settings import ROOT, Settings

HEAD = """# Settings

Written from `app/settings/` by `make docs`; a test compares. Every setting comes from the environment. For
`NAME`, `NAME_FILE` may name a file that holds the value: use it for secrets. `make run` writes what it uses
to `var/env`, and `.venv/bin/flask …` reads it there.

| setting | default | meaning |
|---|---|---|
"""
PROCESSES = """
Read by `make run` alone:

| setting | default | meaning |
|---|---|---|
| `ANNAE_NO_REDIS` | | any value: do not start the embedded Redis |
| `PYTHON` | `python3` | the Python (3.11 or newer) that `.venv` is made from |
"""


def page() -> str:
    """Return the whole page."""
    return HEAD + "".join(_row(name, field) for name, field in Settings.model_fields.items()) + PROCESSES


def _row(name: str, field: FieldInfo) -> str:
    default = _shown(field.get_default(call_default_factory=True))
    meaning = field.description or ""
    if get_origin(field.annotation) is Literal:
        meaning += " (" + ", ".join(f"`{choice}`" for choice in get_args(field.annotation)) + ")"
    return f"| `{name.upper()}` | {f'`{default}`' if default else ''} | {meaning.replace('|', '&#124;')} |\n"


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return ""
    if isinstance(value, Path) and value.is_relative_to(ROOT):
        return str(value.relative_to(ROOT))
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
