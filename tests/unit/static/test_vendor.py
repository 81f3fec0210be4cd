"""Other people's files: exactly the locked ones, with their licences, and no address anywhere."""

import json
from copy import deepcopy
from pathlib import Path

from app.cli.vendor import LOCK, ROOT, faults, read_lock

# The hashes that were read from the packages when they were chosen (ux.md A4).
CHOSEN = {
    "static/vendor/htmx/htmx.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    "static/vendor/htmx-ext-ws/ws.min.js": "896afc2936ded7a56373edf16ce75b0fe9bf49c03d1f55aee9baa94cb87c8d3e",
    "static/vendor/idiomorph/idiomorph-ext.min.js": (
        "5811b9a7eda14878b7dab4378bf60432e1bb6f11fcfb970cc26540642650181e"
    ),
}


def test_every_vendored_file_is_the_locked_one() -> None:
    assert list(faults(read_lock())) == []


def test_the_scripts_are_the_ones_that_were_chosen() -> None:
    locked = {file["path"]: file["sha256"] for package in read_lock() for file in package["files"]}
    assert {path: locked[path] for path in CHOSEN} == CHOSEN


def test_a_changed_a_missing_and_a_foreign_file_are_named(tmp_path: Path) -> None:
    packages = deepcopy([package for package in read_lock() if package["name"] == "htmx.org"])
    script, licence = packages[0]["files"]
    (tmp_path / script["path"]).parent.mkdir(parents=True)
    (tmp_path / script["path"]).write_text("alert(1)")
    (tmp_path / "static/vendor/htmx/extra.js").write_text("")
    assert list(faults(packages, tmp_path)) == [
        f"{script['path']} is not the file of the lock",
        f"{licence['path']} is missing",
        "static/vendor/htmx/extra.js is not in the lock",
    ]


def test_every_package_brings_its_licence_and_none_is_gpl() -> None:
    for package in read_lock():
        assert any(file["path"].endswith("LICENSE") for file in package["files"]), package["name"]
        assert "GPL" not in package["licence"]


def test_the_lock_names_no_host() -> None:
    text = LOCK.read_text(encoding="utf-8")
    assert "://" not in text
    assert "resolved" not in json.loads(text)["packages"][0]


def test_every_locked_icon_is_in_the_sprite() -> None:
    sprite = (ROOT / "static/icons/sprite.svg").read_text(encoding="utf-8")
    for package in read_lock():
        for name in package.get("icons", []):
            assert f'id="{name}"' in sprite
    assert 'id="mark"' in sprite
