"""What stands in deploy/ is whole: each process of the house is started, and nginx takes its file."""

import configparser
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from flask import Flask
from flask_babel import Babel

from app.imaging import renditions
from app.settings import ROOT, Settings, load
from app.web import errors
from app.web.dicomweb import fetching
from tests.services import nginx

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
    filled = load(values | {"SECRET_KEY": "k" * 48, "ORTHANC_PASSWORD": "p" * 24})
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
    file = nginx.rendered(
        tmp_path,
        {
            "web:8000": "127.0.0.1:8000",
            "live:8001": "127.0.0.1:8001",
            "orthanc:8042": "127.0.0.1:8042",
            "listen 80 ": f"listen 127.0.0.2:{free_port} ",
            "listen 443 ": f"listen 127.0.0.1:{free_port} ",
        },
    )
    command = [binary, "-t", "-c", str(file), "-p", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_nginx_says_in_our_place_is_what_we_say() -> None:
    """A picture that nginx cannot hand out is refused in the words of the house, as a problem like all others."""
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    for code in ("DEPENDENCY_DOWN", "NOT_FOUND"):
        (said,) = (json.loads(one) for one in re.findall(r"return \d+ '(\{.*?\})';", text) if code in one)
        app = Flask(__name__)
        Babel(app)
        with app.test_request_context():
            ours = errors.problem(code, said["status"], errors.sentence(code, {}), {}).get_json()
        assert said == {name: value for name, value in ours.items() if name != "instance"}


def test_the_archive_is_asked_by_us_and_nginx_alone() -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    blocks = re.findall(r"location (\S+) \{(.*?)\n    \}", text, re.DOTALL)
    hidden = {where for where, block in blocks if "internal;" in block}
    assert hidden >= {fetching.ARCHIVE.removesuffix("dicom-web/"), fetching.RENDITIONS}
    assert {where for where, block in blocks if "orthanc" in block.lower()} == {"/_orthanc/"}
    assert dict(blocks)["/_ht/"].count(renditions.CONTENT_TYPE) == 1
    orthanc = json.loads((DEPLOY / "orthanc" / "orthanc.json").read_text(encoding="utf-8"))
    assert orthanc["AuthenticationEnabled"]
    assert not orthanc["OverwriteInstances"]
    assert not [one for one in orthanc["Plugins"] if "gdcm" in one.lower()]
    assert "gdcm" not in (DEPLOY / "orthanc" / "Dockerfile").read_text(encoding="utf-8").partition("RUN")[2]


def test_every_socket_path_goes_to_the_live_process() -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    for path in ("/ws/", "/live/"):
        block = re.search(rf"location {path} \{{(.*?)\}}", text, re.DOTALL)
        assert block
        assert "proxy_pass http://live;" in block[1]


def test_the_check_command_has_its_run_bit() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
