"""A leash passes on how its command ended, and a gate opens when its keeper is gone."""

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.cli import gate, leash


def held(command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(leash.holding(command), check=False, start_new_session=True)


@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 128 + 9)])
def test_the_exit_code_is_the_commands(command: str, code: int) -> None:
    assert held(["sh", "-c", command]).returncode == code


def test_term_reaches_the_command() -> None:
    script = (
        "import signal, sys; signal.signal(15, lambda *_: sys.exit(5)); print(flush=True); signal.pause()"
    )
    command = leash.holding([sys.executable, "-c", script])
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout
        process.stdout.readline()
        process.terminate()
        assert process.wait() == 5


def test_who_serves_waits_at_the_gate(tmp_path: Path) -> None:
    path, passed = tmp_path / "gate", threading.Event()

    def serve() -> None:
        gate.pass_through({gate.VARIABLE: str(path)})
        passed.set()

    server = threading.Thread(target=serve)
    with gate.shut(path):
        server.start()
        assert not passed.wait(0.2)
    assert passed.wait(5)
    server.join()


def test_without_a_supervisor_there_is_no_gate() -> None:
    gate.pass_through({})
