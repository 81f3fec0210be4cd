"""A service that is not there is named: skipped at a desk, failed in CI."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDY = "def test_needy(service):\n    service('teleporter')\n"


@pytest.mark.processes
@pytest.mark.parametrize(
    ("ci", "outcome"), [pytest.param("", "1 skipped", marks=pytest.mark.slow), ("true", "1 failed")]
)
def test_missing_service_is_visible(tmp_path: Path, ci: str, outcome: str) -> None:
    (tmp_path / "test_needy.py").write_text(NEEDY)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.services.plugin",
        "--rootdir",
        *(2 * [str(tmp_path)]),
    ]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in done.stdout
    assert "1 tests need teleporter" in done.stdout
    assert bool(done.returncode) == bool(ci)
