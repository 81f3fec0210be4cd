"""Frames through the gate, as the original and as a rendition, beside the same Orthanc asked without us."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.core.actor import SYSTEM
from app.core.transaction import release
from app.demo.head_ct import phantom_study
from app.imaging import services as imaging
from app.imaging.services import rendering
from app.settings import ROOT
from benchmarks import house, machine
from benchmarks.report import Section
from benchmarks.servers import OURS
from tests.processes import gate as gates
from tests.processes.gate import Gate
from tests.services.private import ORTHANC_KEY

CLIENTS, ROWS = 8, 512
WARM_UP_SECONDS = 0.5
LOAD_SECONDS = 60
READER = "mia"
PLAIN = 'multipart/related; type="application/octet-stream"'
ANY = f"{PLAIN}; transfer-syntax=*"
DIRECT, ORIGINALS, RENDITIONS, LIMIT = "orthanc", "gate, originals", "gate, renditions", "our healthz"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the same frames: where, as whom, and a word that shows that it is the right one."""

    address: str
    headers: Mapping[str, str]
    cookie: str
    marker: str
    paths: Sequence[str]


def frames(folder: Path, *, seconds: float, repetitions: int) -> Section:
    """Measure in a process of its own: a house is one per process."""
    return house.elsewhere(_measured, folder, seconds, repetitions)


def _measured(folder: Path, seconds: float, repetitions: int) -> Section:
    section = Section(
        "gate",
        f"frames of a CT, {ROWS}x{ROWS} of 16 bit, {CLIENTS} keep-alive clients; nginx, web and Orthanc "
        "on one core, SQLite",
    )
    with machine.beside(servers=True), gates.opened(folder / "gate") as gate:
        paths = _received(gate)
        gate.start()
        ways = _ways(gate, paths)
        pids = [pid for one in gate.servers.started for pid in machine.family(one.pid)]
        for way in ways.values():
            _load(way, pids, WARM_UP_SECONDS)
        names = list(ways)
        for turn in range(repetitions):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                section.add(name, **_load(ways[name], pids, seconds))
    section.compare("frames per second: gate / orthanc", ORIGINALS, DIRECT, "per_second", at_least=0.75)
    section.compare(
        "frames per second: gate with renditions / orthanc", RENDITIONS, DIRECT, "per_second", at_least=2.5
    )
    section.compare("frames per second: gate with renditions / our healthz", RENDITIONS, LIMIT, "per_second")
    section.compare("bytes per frame: rendition / original", RENDITIONS, DIRECT, "page_kb")
    section.notes.append(
        "Each frame through the gate is a look at the session, at the right and at the study, and an audit row "
        "committed before a byte leaves; Orthanc alone asks for one password. Our healthz, through the same nginx, "
        "is what a request costs at least."
    )
    return section


def _received(gate: Gate) -> list[str]:
    """Let a phantom come in, kept by the Orthanc and with its renditions; return the addresses of its frames."""
    paths, study = [], ""
    with gate.inside():
        gate.hire_radiology()
        for dataset in phantom_study(rows=ROWS):
            file = BytesIO()
            dataset.save_as(file, enforce_file_format=True)
            imaging.take(file.getvalue(), name="phantom", source="benchmark", by=SYSTEM)
            study = str(dataset.StudyInstanceUID)
            within = f"{study}/series/{dataset.SeriesInstanceUID}/instances/{dataset.SOPInstanceUID}"
            paths.append(f"/dicom-web/studies/{within}/frames/1")
        release()
        rendering.render_study(study)
    return paths


def _ways(gate: Gate, paths: Sequence[str]) -> dict[str, Way]:
    cookie = "; ".join(f"{name}={value}" for name, value in gate.browser(READER).cookies.items())
    asked = {"Accept": ANY, "Authorization": ORTHANC_KEY}
    return {
        DIRECT: Way(gate.archive, asked, "", "octet-stream", paths),
        ORIGINALS: Way(gate.front, {"Accept": PLAIN}, cookie, "octet-stream", paths),
        RENDITIONS: Way(gate.front, {"Accept": ANY}, cookie, "image/jphc", paths),
        LIMIT: Way(gate.front, {}, "", "ok", ["/healthz"]),
    }


def _load(way: Way, pids: Sequence[int], seconds: float) -> dict[str, float]:
    asked: dict[str, Any] = {
        "port": urlsplit(way.address).port,
        "pids": pids,
        "paths": way.paths,
        "headers": way.headers,
        "cookies": [way.cookie] * CLIENTS,
        "marker": way.marker,
        "seconds": seconds,
    }
    command: Sequence[str | Path] = [OURS, "-m", "benchmarks.load", json.dumps(asked)]
    with machine.beside(servers=False):
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=LOAD_SECONDS + seconds, check=False
        )
    if done.returncode:
        raise RuntimeError(f"{way.address}: {done.stderr[-600:]}")
    return dict(json.loads(done.stdout))
