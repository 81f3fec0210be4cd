"""Programs that tests need: found on PATH, else installed by apt where allowed, else missing by name."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/sbin"])
POLICY = Path("/usr/sbin/policy-rc.d")


class MissingError(Exception):
    """A service that cannot be had on this machine, with the reason."""


@dataclass(frozen=True)
class Binary:
    """A program by the names it goes by, and the Debian packages that bring it."""

    names: tuple[str, ...]
    packages: tuple[str, ...]

    def path(self) -> str:
        """Return where it is, installing it if need be and if allowed. Raise MissingError."""
        found = self._on_path()
        if not found and _may_install():
            _install(self.packages)
            found = self._on_path()
        if not found:
            raise MissingError(f"{self.names[0]} is not installed (apt: {' '.join(self.packages)})")
        return found

    def _on_path(self) -> str | None:
        return next((path for name in self.names if (path := shutil.which(name, path=SEARCH_PATH))), None)


# The -core package and redis-tools bring the programs without the services that Debian would start.
MARIADBD = Binary(("mariadbd", "mysqld"), ("mariadb-server-core", "mariadb-client-core"))
MARIADB_INSTALL = Binary(("mariadb-install-db",), ("mariadb-server-core", "mariadb-client-core"))
REDIS = Binary(("valkey-server", "redis-server"), ("redis-server",))
# Without windows, extensions and a profile a page opens for less than half of the work.
HEADLESS = Binary(("chromium-headless-shell",), ("chromium-headless-shell", "fonts-noto-cjk"))
CHROMIUM = Binary(("chromium", "chromium-browser", "google-chrome"), ("chromium", "fonts-noto-cjk"))
NGINX = Binary(("nginx",), ("nginx-light",))
# Without orthanc-gdcm: with it, one Accept header ends the archive.
ORTHANC = Binary(("Orthanc",), ("orthanc", "orthanc-dicomweb"))


def browser() -> str:
    """Return the browser's path; the whole one where there is none for tests alone. Raise MissingError."""
    try:
        return HEADLESS.path()
    except MissingError:
        return CHROMIUM.path()


def _may_install() -> bool:
    allowed = os.environ.get("CI") == "true" or os.environ.get("YES") == "1"
    return allowed and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(packages: tuple[str, ...]) -> None:
    is_ours = not POLICY.exists()
    if is_ours:  # Debian starts what it installs; the machine's own ports are none of our business
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        for command in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", *packages]):
            done = subprocess.run(
                ["apt-get", *command], env=environ, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise MissingError(f"apt-get {command[0]} failed: {done.stderr.strip().splitlines()[-1:]}")
    finally:
        if is_ours:
            POLICY.unlink(missing_ok=True)
