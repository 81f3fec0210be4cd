"""What stands in deploy/ is whole: each process of the house is started, and nginx takes its file."""

import configparser
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from app.settings import ROOT, Settings, load

DEPLOY = ROOT / "deploy"
PROCESSES = {"web", "live", "worker", "clock"}
UNITS = sorted(DEPLOY.glob("annae-*.service"))


def test_compose_starts_every_process_from_one_image() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    assert services.keys() >= PROCESSES | {"mariadb", "redis", "nginx"}
    assert {services[name]["image"] for name in PROCESSES} == {"annae:local"}
    for service in services.values():
        for name in service.get("depends_on", {}):
            assert name in services
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or source.startswith(".")


def test_only_nginx_is_reachable_from_outside() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_unit_restarts_and_starts_something_of_ours(path: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(path, encoding="utf-8")
    service = unit["Service"]
    assert service["Restart"] == "always"
    assert service["User"] == "annae"
    for argument in service["ExecStart"].split()[1:]:
        if "/" in argument or argument.endswith(".py"):
            assert (ROOT / argument).exists()


def test_there_is_a_unit_for_every_process() -> None:
    assert {path.stem.removeprefix("annae-") for path in UNITS} == PROCESSES


def test_example_environment_passes_once_filled_in() -> None:
    lines = (DEPLOY / "env.example").read_text(encoding="utf-8").splitlines()
    values = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert {name.lower() for name in values} - Settings.model_fields.keys() == {"mariadb_password"}
    filled = load(values | {"SECRET_KEY": "k" * 48})
    assert filled.app_env == "production"


def test_nginx_takes_its_file(tmp_path: Path, service: Callable[[str], str], free_port: int) -> None:
    binary = service("nginx")
    key, certificate = str(tmp_path / "privkey.pem"), str(tmp_path / "fullchain.pem")
    request = [
        "openssl",
        "req",
        "-x509",
        "-nodes",
        "-subj",
        "/CN=localhost",
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    subprocess.run(request, check=True, capture_output=True)
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    for there, here in (
        ("web:8000", "127.0.0.1:8000"),
        ("live:8001", "127.0.0.1:8001"),
        ("  include /etc/nginx/mime.types;\n", ""),
        ("/etc/nginx/tls", str(tmp_path)),
        ("/var/log/nginx", str(tmp_path)),
        ("/var/run", str(tmp_path)),
        ("listen 80 ", f"listen 127.0.0.2:{free_port} "),
        ("listen 443 ", f"listen 127.0.0.1:{free_port} "),
    ):
        assert there in text
        text = text.replace(there, here)
    rendered = tmp_path / "nginx.conf"
    rendered.write_text(text, encoding="utf-8")
    command = [binary, "-t", "-c", str(rendered), "-p", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_socket_path_goes_to_the_live_process() -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    for path in ("/ws/", "/live/"):
        block = re.search(rf"location {path} \{{(.*?)\}}", text, re.DOTALL)
        assert block
        assert "proxy_pass http://live;" in block[1]


def test_the_check_command_has_its_run_bit() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
