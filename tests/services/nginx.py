"""The deployed nginx in another place: its own file, with addresses and folders exchanged, and nothing else."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from app.settings import ROOT

FILE: Final = ROOT / "deploy" / "nginx.conf"
TLS = re.compile(r"^ +ssl_[a-z_]+ .*;\n", re.MULTILINE)


def rendered(folder: Path, places: Mapping[str, str], *, is_tls: bool = True) -> Path:
    """Write the file for a folder, each place exchanged. Raise ValueError for one that the file does not name."""
    text = FILE.read_text(encoding="utf-8")
    for there, here in {
        "  include /etc/nginx/mime.types;\n": "",
        "/etc/nginx/orthanc": str(folder / "orthanc"),
        "/etc/nginx/tls": str(folder),
        "/var/log/nginx": str(folder),
        "/var/run": str(folder),
        **places,
    }.items():
        if there not in text:
            raise ValueError(f"deploy/nginx.conf does not say {there}")
        text = text.replace(there, here)
    if not is_tls:
        text = TLS.sub("", text)
    written = folder / "nginx.conf"
    written.write_text(text, encoding="utf-8")
    return written
