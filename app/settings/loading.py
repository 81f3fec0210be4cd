"""Where settings come from: the environment, files for secrets, and what `make run` has written."""

import os
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path

from pydantic import ValidationError

from app.settings.emr import Emr
from app.settings.house import House
from app.settings.imaging import Imaging
from app.settings.inference import Inference
from app.settings.notices import Notices
from app.settings.shapes import ROOT, SettingsError


class Settings(Inference, Imaging, Emr, Notices, House):
    """Everything a hospital may set; names are the environment's, in lower case."""


# What ONNX Runtime and CUDA need to know of the machine.
PASSED_ON = ("PATH", "LANG", "LC_", "TMPDIR", "LD_", "CUDA_", "NVIDIA_", "OMP_")

_current: ContextVar[Settings] = ContextVar("annae_settings")
_fallback: list[Settings] = []


def load(environ: Mapping[str, str]) -> Settings:
    """Read settings; `NAME_FILE` names a file that holds the value of `NAME`. Raise SettingsError."""
    values: dict[str, str] = {}
    for name in Settings.model_fields:
        key = name.upper()
        if path := environ.get(f"{key}_FILE"):
            try:
                values[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingsError(f"{key}_FILE: {path} cannot be read ({error.strerror})") from error
        elif (value := environ.get(key)) not in (None, ""):
            values[name] = str(value)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part).upper() for part in first["loc"])
        said = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{where}: {said}" if where else said) from error


def from_environment() -> Settings:
    """Read the process's environment, and `var/env` (written by `make run`) beneath it."""
    environ = dict(os.environ)
    written = Path(environ.get("VAR_DIR", ROOT / "var")) / "env"
    if written.is_file() and environ.get("APP_ENV") != "production":
        for line in written.read_text(encoding="utf-8").splitlines():
            name, found, value = line.partition("=")
            if found and not name.startswith("#"):
                environ.setdefault(name.strip(), value.strip())
    return load(environ)


def surroundings() -> dict[str, str]:
    """Return what a process that runs others' models may know of the machine: no secret and no address of the house."""
    return {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}


def use(settings: Settings) -> None:
    """Make these the settings of this process; `create_app` calls it."""
    _fallback[:] = [settings]
    _current.set(settings)


def current() -> Settings:
    """Return the settings in force."""
    return _current.get(None) or (_fallback[0] if _fallback else _load_default())


def _load_default() -> Settings:
    settings = from_environment()
    use(settings)
    return settings
