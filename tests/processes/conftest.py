"""`make run` without make: the supervisor on its own folder and port, the demo hospital, no simulated day."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from app.settings import ROOT
from tests.processes.house import House, wait_until


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    from tests.services.private import free_port  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("h")
    port = free_port()
    environment = {
        name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}
    } | {"VAR_DIR": str(folder), "PORT": str(port), "DEMO_DAY": "0", "DEMO_RESERVED": "40"}
    with (folder / "supervisor.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "app.cli.serve"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        house = House(running, port, folder)
        wait_until(house.is_ready, 60, "the house opens")
        yield house
        house.client.close()
    finally:
        running.send_signal(signal.SIGINT)
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
