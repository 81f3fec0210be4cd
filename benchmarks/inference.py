"""Handing a volume to a model: a `.npy` beside lists in JSON, over HTTP; and what a process of its own costs."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.core.clock import monotonic
from app.demo.head_ct import phantom_study
from app.inference import handing, registry
from app.inference.apart import Apart
from app.inference.reading import volume_of
from app.settings import ROOT
from benchmarks.report import Section

NPY, LISTS = ".npy", "JSON lists"
APART, INSIDE = "a process of its own", "inside"
AT_LEAST = 40.0
MEMORY_BYTES = 4 << 30


def handing_over(_folder: Path, *, slices: int, repetitions: int) -> Section:
    """Encode, send and read a volume of 512x512; the server is another process, which adds the values up."""
    section = Section(
        "inference", f"a volume of 512x512x{slices} int16 to a model, over HTTP on this machine"
    )
    volume = np.random.default_rng(1).integers(-1024, 3071, (slices, 512, 512)).astype("<i2")
    expected = int(volume.sum(dtype=np.int64))
    for turn in range(repetitions):
        cases: list[tuple[str, Callable[[], bytes]]] = [
            (NPY, partial(_npy, volume)),
            (LISTS, partial(_lists, volume)),
        ]
        for case, encode in cases[:: 1 if turn % 2 else -1]:
            seconds, megabytes, told = _sent(case, encode)
            if told["sum"] != expected:
                section.faults.append(f"{case}: {told['sum']}, not {expected}")
            section.add(case, seconds=seconds, megabytes=megabytes, server_max_rss_mb=told["max_rss_mb"])
    section.compare(f"seconds: {LISTS} / {NPY}", LISTS, NPY, "seconds", at_least=AT_LEAST)
    _run_apart(section, repetitions)
    section.notes.append(
        "Each case has a server of its own, new for each turn. The API takes 2 MB of lists at most. "
        f"`{APART}`: the same head (28 slices of 256x256) measured by the built-in model, with its limits of memory "
        "and time, its start and its masks on the way back."
    )
    return section


def _run_apart(section: Section, repetitions: int) -> None:
    head = volume_of(phantom_study(1, 15.0))
    model = registry.load().get(registry.BUILT_IN)
    here = Apart(folder=None, seconds=600, memory_bytes=MEMORY_BYTES)
    for _ in range(repetitions):
        for case, run in (
            (INSIDE, partial(registry.run, model, head)),
            (APART, partial(here.run, head, registry.BUILT_IN, None)),
        ):
            began = monotonic()
            run()
            section.add(case, seconds=monotonic() - began)
    section.compare(f"seconds: {APART} / {INSIDE}", APART, INSIDE, "seconds")


def _npy(volume: NDArray[Any]) -> bytes:
    file = BytesIO()
    np.save(file, volume)
    return file.getvalue()


def _lists(volume: NDArray[Any]) -> bytes:
    return json.dumps({"image_array": volume.tolist()}).encode()


def _sent(case: str, encode: Callable[[], bytes]) -> tuple[float, float, dict[str, Any]]:
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.inference"], stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as server:
        if server.stdout is None:  # pragma: no cover - it is a pipe
            raise AssertionError
        port = int(server.stdout.readline())
        began = monotonic()
        body = encode()
        connection = HTTPConnection("127.0.0.1", port, timeout=600)
        connection.request("POST", "/npy" if case == NPY else "/lists", body)
        told = json.loads(connection.getresponse().read())
        seconds = monotonic() - began
        connection.close()
    return seconds, len(body) / 1e6, told


class _Reader(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/npy":
            array = handing.open_array(BytesIO(content))
        else:
            array = handing.array_of(json.loads(content)["image_array"])
        said = {"sum": int(array.sum(dtype=np.int64)), "max_rss_mb": _most_memory_mb()}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, *_: object) -> None:
        pass


def _most_memory_mb() -> float:
    """Return the most that this process has held; what `getrusage` says, it has from the one that started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024  # type: ignore[index]


if __name__ == "__main__":
    one = HTTPServer(("127.0.0.1", 0), _Reader)
    print(one.server_port, flush=True)
    one.handle_request()
