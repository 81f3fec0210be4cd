"""Node 20 or newer and the packages of the FHIR server: found, else installed beside the tests' virtual environment."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from app.settings import ROOT
from tests.services.found import SEARCH_PATH, Binary, MissingError

NODE = Binary(("node", "nodejs"), ("nodejs", "npm"))
NPM = Binary(("npm",), ("nodejs", "npm"))
OLDEST = 20
SERVERS = ROOT / "tests" / "servers"
FETCH_SECONDS = 300.0


def fhir_command(folder: Path) -> list[str]:
    """Return what starts the FHIR server; its program and its packages stand in `folder`. Raise MissingError."""
    node = _node()
    for module in (SERVERS / "fhir").glob("*.mjs"):
        shutil.copy(module, folder)
    (folder / "node_modules").symlink_to(_packages("fhir") / "node_modules")
    return [node, str(folder / "server.mjs")]


def _node() -> str:
    """Return Node: the machine's own, or npm's where Debian's is older than the engine can stand."""
    found = NODE.path()
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    if int(said.strip().lstrip("v").partition(".")[0] or 0) >= OLDEST:
        return found
    ours = _packages("node") / "node_modules" / ".bin" / "node"
    if not ours.exists():
        raise MissingError(f"node {said.strip()} is older than {OLDEST}, and npm has none for this machine")
    return str(ours)


def _packages(name: str) -> Path:
    """Install what a lock file names, once per lock file; a run that installs beside another one loses nothing."""
    source = SERVERS / name
    stamp = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:12]
    target = cache() / f"{name}-{stamp}"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    try:
        for file in ("package.json", "package-lock.json"):
            shutil.copy(source / file, draft)
        _ci(draft)
        if not target.exists():
            draft.rename(target)
    except OSError as error:
        if not target.exists():
            raise MissingError(f"{target} cannot be written ({error.strerror})") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _ci(folder: Path) -> None:
    command = [NPM.path(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    try:
        done = subprocess.run(
            [*command, "--fetch-retries=1", "--loglevel=error"],
            cwd=folder,
            env={**os.environ, "PATH": SEARCH_PATH},
            capture_output=True,
            text=True,
            check=False,
            timeout=FETCH_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise MissingError("npm ci took too long") from error
    if done.returncode:
        raise MissingError(f"npm ci failed: {done.stderr.strip()[:300]}")


def cache() -> Path:
    """Return where packages are kept: beside the other packages, which git ignores too."""
    venv = ROOT / ".venv"
    return (venv if os.access(venv, os.W_OK) else Path(tempfile.gettempdir())) / "annae-node"
