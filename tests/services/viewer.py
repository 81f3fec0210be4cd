"""The study viewer, fetched once per lock as a hospital fetches it, beside the other packages of the tests."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from app.settings import ROOT
from tests.services.found import SEARCH_PATH, MissingError
from tests.services.node import FETCH_SECONDS, NPM, cache

PACKAGE = "@ohif/app"


def fetched() -> Path:
    """Return the folder of OHIF's files. Raise MissingError where npm is missing or cannot fetch."""
    NPM.path()
    stamp = hashlib.sha256((ROOT / "vendor.lock.json").read_bytes()).hexdigest()[:12]
    var = cache() / f"viewer-{stamp}"
    if (var / "viewer").is_dir():
        return var / "viewer"
    command = [sys.executable, "-m", "flask", "vendor", "fetch", PACKAGE]
    environ = {**os.environ, "PATH": SEARCH_PATH, "APP_ENV": "test", "VAR_DIR": str(var)}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=FETCH_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise MissingError(f"fetching {PACKAGE} took too long") from error
    if done.returncode:
        raise MissingError(f"{PACKAGE} could not be fetched: {done.stderr.strip()[-300:]}")
    return var / "viewer"
