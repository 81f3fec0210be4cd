"""The administrator's list, the printed sheet and `flask tags`."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from app.core.actor import ANONYMOUS, Actor
from app.core.db import db
from app.tags import queries, services


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["tags", *words])


def test_the_list_is_paged_and_counts_its_statements(app: Flask, chris: Actor) -> None:
    tags = [services.issue("tag-lab", kind="room", by=chris) for _ in range(5)]
    services.revoke(tags[0].token_id, version=1, by=chris)
    services.scan(tags[1].token, by=ANONYMOUS)
    db.session.rollback()
    statements: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    first = queries.tags(page=1, size=3)
    assert len([one for one in statements if one.startswith("SELECT")]) == 2
    last = queries.tags(page=9, size=3)
    assert (first.page, first.pages, first.count, len(first.rows)) == (1, 2, 5, 3)
    assert (last.page, len(last.rows)) == (2, 2)
    assert [row.is_active for row in (*first.rows, *last.rows)] == [True] * 4 + [False]
    assert [row.last_tap_at is not None for row in first.rows] == [True, False, False]
    assert queries.tag(tags[1].touchpoint_id) == queries.tag(tags[1].token_id) == first.rows[0]


def test_an_empty_list_is_one_page(app: Flask) -> None:
    assert queries.tags() == queries.TagPage(rows=(), page=1, pages=1, count=0)
    assert queries.sheet() == ()


def test_labels_are_those_in_service_in_the_readers_language(app: Flask, chris: Actor) -> None:
    entrance = services.issue("tag-entrance", kind="entrance", by=chris)
    lab = services.issue("tag-lab", kind="room", by=chris)
    services.revoke(services.issue("tag-lab", kind="room", by=chris).token_id, version=1, by=chris)
    assert [(one.place, one.url, one.number) for one in queries.sheet()] == [
        ("정문", entrance.url, entrance.token_id),
        ("채혈실", lab.url, lab.token_id),
    ]
    assert [one.place for one in queries.sheet("en", token_ids=(lab.token_id,))] == ["Blood test"]


def test_the_sheet_is_one_file_that_needs_no_server(app: Flask, chris: Actor, tmp_path: Path) -> None:
    tags = [services.issue("tag-lab", kind="room", by=chris) for _ in range(3)]
    out = tmp_path / "sheet.html"
    result = run(app, "sheet", "--out", str(out))
    assert result.exit_code == 0, result.output
    page = out.read_text(encoding="utf-8")
    assert page.lower().lstrip().startswith("<!doctype html>")
    assert page.count('class="qr-code"') == 3
    assert all(tag.url in page and tag.token_id in page for tag in tags)
    for forbidden in ("style=", "<style", "<script", 'href="/', "src="):
        assert forbidden not in page


def test_a_tags_life_by_command(app: Flask) -> None:
    hung = run(app, "issue", "tag-entrance", "--kind", "entrance")
    assert hung.exit_code == 0, hung.output
    token_id = hung.output.split()[0]
    first_url = hung.output.split()[-1]
    renewed = run(app, "rotate", token_id)
    assert renewed.exit_code == 0
    assert renewed.output.split()[-1] != first_url
    assert " active " in run(app, "list").output
    assert run(app, "revoke", token_id).exit_code == 0
    assert " revoked " in run(app, "list").output


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("revoke", "x" * 12), 1, "NOT_FOUND"),
        (("rotate", "x" * 12), 1, "NOT_FOUND"),
        (("issue", "nowhere", "--kind", "room"), 1, "place"),
        (("issue", "tag-lab", "--kind", "balcony"), 2, "balcony"),
        (("sheet",), 2, "--out"),
    ],
)
def test_refusals_are_one_sentence(app: Flask, words: tuple[str, ...], code: int, sentence: str) -> None:
    result = run(app, *words)
    assert result.exit_code == code
    assert sentence in result.output


def test_a_revoked_tag_gets_no_new_label(app: Flask, chris: Actor) -> None:
    tag = services.issue("tag-lab", kind="room", by=chris)
    services.revoke(tag.token_id, version=1, by=chris)
    result = run(app, "rotate", tag.token_id)
    assert (result.exit_code, "TAG_REVOKED" in result.output) == (1, True)


def test_ids_are_never_taken_for_options(app: Flask, chris: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = iter(["-" + "a" * 11, "b" * 12])
    monkeypatch.setattr("app.core.ids.short_id", lambda: next(offered))
    assert services.issue("tag-lab", kind="room", by=chris).token_id == "b" * 12
