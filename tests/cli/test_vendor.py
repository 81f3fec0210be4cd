"""flask vendor: a program of many files is fetched, edited and packed as the lock says, and every change is told."""

import base64
import gzip
import hashlib
import json
import tarfile
from collections.abc import Callable
from copy import deepcopy
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import settings
from app.cli import vendor

Run = Callable[..., tuple[int, str]]
DIST = {
    "package/dist/app.js": b'p = "/"; q = "/";',
    "package/dist/sub/part.js": b'p = "/";',
    "package/dist/app.css": b"url(/a.woff2)",
    "package/dist/a.woff2": b"font",
    "package/dist/left/out.js": b"beacon()",
    "package/README.md": b"not asked for",
}
TREE: dict[str, Any] = {
    "source": "package/dist/",
    "folder": "viewer",
    "without": ["left/*"],
    "edits": [
        {"files": "*.js", "find": 'p = "/"', "put": 'p = "/viewer/"', "times": 2},
        {"files": "*.css", "find": "url(/", "put": "url(/viewer/", "times": 1},
    ],
    "sha256": "",
}
# npm's only part in it: the tarball of the registry lies where it was asked to be put.
NPM = """#!/bin/sh
while [ "$1" != "--pack-destination" ]; do shift; done
cp {tarball} "$2/tiny-1.0.0.tgz"
"""


def tarball(files: dict[str, bytes]) -> bytes:
    """Return a package as the registry hands it out."""
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def folder(sqlite_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a `var/` of its own, a lock with one tiny package more, and its npm; return where it is unpacked."""
    settings.use(settings.current().model_copy(update={"var_dir": tmp_path / "var"}))
    content = tarball(DIST)
    (tmp_path / "tiny.tgz").write_bytes(content)
    (tmp_path / "bin").mkdir()
    npm = tmp_path / "bin" / "npm"
    npm.write_text(NPM.format(tarball=tmp_path / "tiny.tgz"))
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:/usr/bin:/bin")
    integrity = f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"
    committed = vendor.read_lock()
    for package in committed:
        package.pop("tree", None)
    tiny = {"name": "tiny", "version": "1.0.0", "integrity": integrity, "licence": "MIT", "files": []}
    lock = {"packages": [*committed, {**tiny, "tree": deepcopy(TREE)}]}
    (tmp_path / "lock.json").write_text(json.dumps(lock))
    monkeypatch.setattr(vendor, "LOCK", tmp_path / "lock.json")
    return tmp_path / "var" / "viewer"


@pytest.fixture
def run(sqlite_app: Flask) -> Run:
    """Give the command, and what it says."""

    def of(*words: str) -> tuple[int, str]:
        done = sqlite_app.test_cli_runner().invoke(args=["vendor", *words])
        return done.exit_code, done.output

    return of


def test_what_is_fetched_is_edited_packed_and_pinned(folder: Path, run: Run) -> None:
    assert run("verify")[0] == 0, "nothing was fetched, and nothing is wrong"
    assert run("fetch", "tiny", "--accept") == (0, "4 files fetched.\n")
    assert {path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".gz"} == {
        "app.js",
        "part.js",
        "app.css",
        "a.woff2",
    }
    assert (folder / "app.js").read_text() == 'p = "/viewer/"; q = "/";'
    assert (folder / "app.css").read_text() == "url(/viewer/a.woff2)"
    assert gzip.decompress((folder / "sub" / "part.js.gz").read_bytes()) == b'p = "/viewer/";'
    assert not (folder / "a.woff2.gz").exists()
    assert run("fetch", "tiny")[0] == 0, "the lock that was written takes the same again"
    assert run("verify")[0] == 0


@pytest.mark.parametrize("name", ["app.js", "app.js.gz", "a.woff2", "extra.js"])
def test_what_was_altered_afterwards_is_told(folder: Path, run: Run, name: str) -> None:
    run("fetch", "tiny", "--accept")
    (folder / name).write_bytes(b"beacon()")
    code, said = run("verify")
    assert code == 1
    assert str(folder) in said
    assert said.count("\n") == 1


def test_a_missing_file_is_told_and_fetched_again(folder: Path, run: Run) -> None:
    run("fetch", "tiny", "--accept")
    (folder / "sub" / "part.js").unlink()
    assert run("verify")[0] == 1
    assert run("fetch", "tiny")[0] == 0
    assert run("verify")[0] == 0


def test_another_tarball_is_not_unpacked(folder: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "tiny.tgz").write_bytes(tarball({**DIST, "package/dist/app.js": b"beacon()"}))
    assert run("fetch", "tiny") == (1, "Error: tiny@1.0.0 is not the package of the lock.\n")
    assert not folder.exists()


def test_an_edit_that_does_not_fit_is_refused(folder: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "tiny.tgz").write_bytes(tarball({**DIST, "package/dist/sub/part.js": b"other();"}))
    code, said = run("fetch", "tiny", "--accept")
    assert (code, said) == (1, "Error: 'p = \"/\"' stands 1 times in *.js, not 2\n")
    assert not folder.exists()


def test_without_npm_one_sentence_says_so(
    folder: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run("fetch", "tiny") == (1, "Error: npm is not installed; it is needed to fetch, not to run.\n")
    assert run("verify")[0] == 0
    assert run("fetch", "nobody") == (1, "Error: Not in the lock: nobody.\n")
