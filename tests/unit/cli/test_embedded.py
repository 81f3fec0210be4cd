"""A machine with nothing but Python gets settings, a kept secret and a Redis within reach."""

import os
from pathlib import Path

import pytest

from app.cli import embedded
from app.settings import SettingsError


def furnished(var: Path, **more: str) -> embedded.House:
    return embedded.furnish({"VAR_DIR": str(var), **more})


def test_defaults_are_a_demo_on_this_machine(tmp_path: Path) -> None:
    house = furnished(tmp_path / "var", PORT="8123")
    assert house.settings.demo
    assert house.settings.demo_day
    assert house.settings.public_url == "http://localhost:8123"
    assert house.environ["DATABASE_URL"] == f"sqlite:///{tmp_path}/var/annae.db"


def test_the_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    first = furnished(tmp_path)
    path = embedded.write_env(first)
    assert path.stat().st_mode & 0o777 == 0o600
    assert furnished(tmp_path).environ["SECRET_KEY"] == first.environ["SECRET_KEY"]
    assert furnished(tmp_path, SECRET_KEY="k" * 40).environ["SECRET_KEY"] == "k" * 40


def test_each_house_has_its_own_secret(tmp_path: Path) -> None:
    assert furnished(tmp_path / "a").environ["SECRET_KEY"] != furnished(tmp_path / "b").environ["SECRET_KEY"]


def test_demo_day_can_be_switched_off(tmp_path: Path) -> None:
    assert not furnished(tmp_path, DEMO_DAY="0").settings.demo_day


def test_a_given_redis_is_used_and_none_is_started(tmp_path: Path) -> None:
    house = furnished(tmp_path, REDIS_URL="redis://127.0.0.1:1")
    assert house.redis_command is None
    assert house.settings.redis_url == "redis://127.0.0.1:1"


def test_without_redis_nothing_is_started(tmp_path: Path) -> None:
    house = furnished(tmp_path, ANNAE_NO_REDIS="1")
    assert house.redis_command is None
    assert not house.settings.redis_url


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("병원" * 20)
    command = furnished(deep).redis_command
    assert command
    path = command[command.index("--unixsocket") + 1]
    assert len(os.fsencode(path)) <= embedded.LONGEST_SOCKET_PATH
    assert Path(path).parent.stat().st_mode & 0o077 == 0
    assert furnished(deep).redis_command == command
    Path(path).parent.rmdir()


def test_production_is_never_furnished_with_embedded_parts(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        furnished(tmp_path, APP_ENV="production")


def test_settings_given_to_make_run_reach_the_commands(tmp_path: Path) -> None:
    path = embedded.write_env(furnished(tmp_path, SITE_NAME="한빛병원", UNRELATED="x"))
    text = path.read_text(encoding="utf-8")
    assert "SITE_NAME=한빛병원" in text
    assert "UNRELATED" not in text
