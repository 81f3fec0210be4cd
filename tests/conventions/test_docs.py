"""What the documents name exists: files, links, headings, `make` targets, `flask` commands, dependencies."""

import re
from functools import cache
from pathlib import Path

import click
import pytest
from flask import Flask

from app.settings import ROOT, Settings

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TOP = (
    "app",
    "deploy",
    "docs",
    "migrations",
    "requirements",
    "static",
    "templates",
    "tests",
    "translations",
    ".ci",
)
# Made by running the product, or shown as an example of what a recipe writes.
NOT_HERE = (
    "deploy/env",
    "deploy/orthanc/authorization.conf",
    "deploy/tls",
    "migrations/versions/0002_hold_reason.py",
    "templates/<surface>",
)
PICTURE = ".png"


def by_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def links(page: Path) -> list[str]:
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)) if "://" not in target]


def code(page: Path) -> list[str]:
    """Return what stands in back-ticks or in a shell block."""
    text = text_of(page)
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line.split(" # ")[0].strip() for block in blocks for line in block.splitlines()]
    return [*lines, *re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))]


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the names that the headings of a page can be reached by."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return frozenset(
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    )


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if path.endswith(PICTURE):
            continue
        if not found.exists() or (anchor and anchor not in anchors(found)):
            lost.append(target)
    assert not lost


def test_every_picture_is_there() -> None:
    shown = {(page.parent / one).resolve() for page in PAGES for one in links(page) if one.endswith(PICTURE)}
    assert not [by_name(one) for one in sorted(shown) if not one.is_file()], (
        "take them from the running product"
    )


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    named = {
        one
        for words in code(page)
        for one in re.findall(r"(?<![\w/.])((?:[\w.-]+/)+[\w.*<>-]*)", words)
        if one.split("/")[0] in TOP and "…" not in words
    }
    lost = [
        one
        for one in named
        if not one.startswith(NOT_HERE) and "<" not in one and not list(ROOT.glob(one.rstrip("/.")))
    ]
    assert not lost


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        word
        for words in code(page)
        for line in re.findall(r"\bmake ([a-z -]+)", words)
        for word in line.split()
    }
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_flask_command_that_is_named_exists(page: Path, sqlite_app: Flask) -> None:
    for words in code(page):
        for noun, verb in re.findall(r"\bflask ([a-z]+) ([a-z-]+)", words):
            group = sqlite_app.cli.commands.get(noun)
            assert isinstance(group, click.Group), f"flask {noun}"
            assert verb in group.commands, f"flask {noun} {verb}"


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_every_setting_that_is_given_exists(page: Path) -> None:
    given = {name for words in code(page) for name in re.findall(r"\b([A-Z][A-Z_]{3,})=", words)}
    known = {name.upper() for name in Settings.model_fields} | {"MARIADB_PASSWORD"}
    assert given <= known


def test_operations_lists_every_command_of_ours(sqlite_app: Flask) -> None:
    page = text_of(ROOT / "docs" / "operations.md")
    rows = {row[0]: row[1] for row in re.findall(r"^\| `flask ([a-z]+) (.+?) \|", page, re.MULTILINE)}
    for noun, group in sqlite_app.cli.commands.items():
        if isinstance(group, click.Group) and noun not in {"db", "limiter", "vendor"}:
            assert set(re.findall(r"[a-z-]+", rows.get(noun, ""))) >= set(group.commands), f"flask {noun}"


def test_every_dependency_has_its_reason_and_its_licence() -> None:
    reasons = text_of(ROOT / "docs" / "adr" / "0012-dependencies.md")
    licences = text_of(ROOT / "THIRD_PARTY.md")
    direct = re.findall(r"^([a-z0-9-]+)", text_of(ROOT / "requirements" / "runtime.in"), re.MULTILINE)
    assert set(direct) == set(re.findall(r"^\| ([a-z0-9-]+) \| [A-Z]", reasons, re.MULTILINE))
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text_of(ROOT / "requirements.txt"), re.MULTILINE))
    for name, version in locked.items():
        assert re.search(rf"^\| {name} \|[^|]*\b{re.escape(version)}\b", licences, re.MULTILINE), name


def test_decisions_are_numbered_without_gap_and_listed() -> None:
    names = sorted(path.name for path in (ROOT / "docs" / "adr").glob("*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    listed = text_of(ROOT / "docs" / "adr" / "0001-record-decisions.md")
    assert not [name for name in names[1:] if f"({name})" not in listed]


def test_both_readmes_tell_the_same() -> None:
    english, korean = (text_of(ROOT / name) for name in ("README.md", "README.ko.md"))
    for marks in (r"^(#+) ", r"^(?:- |\| )(?=\S)", r"^```(sh)"):
        assert len(re.findall(marks, english, re.MULTILINE)) == len(re.findall(marks, korean, re.MULTILINE))
    assert {one for one in links(ROOT / "README.md") if "README" not in one} == {
        one for one in links(ROOT / "README.ko.md") if "README" not in one
    }


def test_the_glossary_has_every_word_of_tables_and_states() -> None:
    from app.core.db import Model  # noqa: PLC0415 - the models of all rooms, once the application is made
    from app.journey.states import Command, Disposition, State, StepStatus  # noqa: PLC0415
    from app.queues.states import EntryStatus  # noqa: PLC0415

    glossary = text_of(ROOT / "docs" / "glossary.md")
    words = [str(one) for kind in (State, Disposition, StepStatus, Command, EntryStatus) for one in kind]
    assert not [word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", glossary)]
    architecture = text_of(ROOT / "docs" / "architecture.md")
    assert not [table for table in Model.metadata.tables if f"`{table}`" not in architecture]
