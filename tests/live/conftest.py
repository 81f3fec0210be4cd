"""Servers for the live tests."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import redis

from tests.live.theatre import Stage, free_port, staged, wait_until


@pytest.fixture
def anyio_backend() -> str:
    """Run the tests' clients in asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Return a server without Redis."""
    with staged(tmp_path_factory.mktemp("stage")) as running:
        yield running


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Return a starter of servers that this test may end."""
    with ExitStack() as running:
        yield lambda *options, **environ: running.enter_context(staged(tmp_path, *options, **environ))


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Return a Redis that this test may kill."""
    port = free_port()
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--save", "", "--dir", str(tmp_path), "--loglevel", "warning"]
    )
    client = redis.Redis(port=port)

    def answers() -> bool:
        with suppress(redis.RedisError):
            return bool(client.ping())
        return False

    wait_until(answers)
    client.close()
    yield process, port
    process.kill()
    process.wait()
