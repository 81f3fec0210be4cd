"""A tag is hung up, scanned, given a new label and retired; every deed is an administrator's and audited."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.actor import ANONYMOUS, Actor
from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import (
    InvalidError,
    NotAllowedError,
    NotFoundError,
    TagRevokedError,
    UnknownTagError,
    VersionMissingError,
    VersionStaleError,
)
from app.core.idempotency import Presented, presenting, was_replayed
from app.tags import queries, services, signing
from app.tags.models import Tap, Touchpoint
from app.wayfinding import services as wayfinding
from app.wayfinding.rules import Name

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def entrance(app: Flask, chris: Actor) -> services.Tag:
    """Return the tag at the main entrance."""
    return services.issue("tag-entrance", kind="entrance", by=chris)


def taps() -> list[Tap]:
    db.session.rollback()
    return list(db.session.execute(select(Tap).order_by(Tap.id)).scalars())


def deeds() -> list[str]:
    db.session.rollback()
    wanted = select(AuditRow.action).where(AuditRow.action.like("tags:%")).order_by(AuditRow.id)
    return list(db.session.execute(wanted).scalars())


def test_a_new_tag_says_where_it_hangs_and_writes_nothing(entrance: services.Tag) -> None:
    found = services.look(entrance.token)
    assert (found.place, found.kind, found.name) == (
        "tag-entrance",
        "entrance",
        Name("정문", "Main entrance"),
    )
    assert found.touchpoint_id == entrance.touchpoint_id
    assert entrance.url == f"https://annae.hospital.kr/t/{entrance.token}"
    assert taps() == []


def test_a_scan_is_logged_with_whoever_made_it(entrance: services.Tag) -> None:
    visit, device = uuid4(), uuid4()
    dana = Actor(kind="patient", role="patient", session_id="cookie", device_id=device, visit_id=visit)
    services.scan(entrance.token, by=ANONYMOUS)
    services.scan(entrance.token, by=dana)
    first, second = taps()
    assert (first.actor_kind, first.session_id, first.visit_id, first.client_id) == (
        "anonymous",
        None,
        None,
        None,
    )
    assert (second.actor_kind, second.visit_id, second.client_id) == ("patient", visit, device)
    assert second.session_id not in {None, "cookie"}
    assert queries.last_place(visit) == "tag-entrance"
    assert queries.last_place(uuid4()) is None


def test_a_scan_proves_presence(entrance: services.Tag) -> None:
    scan = services.scan(entrance.token, by=ANONYMOUS)
    presence = services.check_nonce(scan.nonce)
    assert presence == services.Presence(place="tag-entrance", touchpoint_id=entrance.touchpoint_id)


def test_what_was_never_ours_is_unknown_and_takes_no_write(entrance: services.Tag) -> None:
    never_hung = signing.token_of("A" * 12, 1)
    wrong = entrance.token[:-1] + ("A" if entrance.token[-1] != "A" else "B")
    for token in (never_hung, wrong, "", "x", entrance.token_id):
        with pytest.raises(UnknownTagError):
            services.scan(token, by=ANONYMOUS)
    assert taps() == []


def test_a_new_label_replaces_the_old_one(entrance: services.Tag, chris: Actor) -> None:
    renewed = services.rotate(entrance.token_id, version=entrance.version, by=chris)
    assert renewed.token_id == entrance.token_id
    assert renewed.token != entrance.token
    assert services.look(renewed.token).touchpoint_id == entrance.touchpoint_id
    with pytest.raises(TagRevokedError):
        services.scan(entrance.token, by=ANONYMOUS)
    with pytest.raises(VersionStaleError):
        services.rotate(entrance.token_id, version=entrance.version, by=chris)


def test_a_revoked_tag_stays_revoked(entrance: services.Tag, chris: Actor) -> None:
    with pytest.raises(VersionMissingError):
        services.revoke(entrance.token_id, version=None, by=chris)
    with pytest.raises(VersionStaleError):
        services.revoke(entrance.token_id, version=7, by=chris)
    services.revoke(entrance.token_id, version=entrance.version, by=chris)
    again = services.revoke(entrance.token_id, version=entrance.version, by=chris)
    assert again.version == entrance.version + 1
    for refused in (
        lambda: services.look(entrance.token),
        lambda: services.scan(entrance.token, by=ANONYMOUS),
        lambda: services.rotate(entrance.token_id, by=chris),
    ):
        with pytest.raises(TagRevokedError):
            refused()
    assert queries.tag(entrance.token_id).revoked_at is not None
    assert taps() == []
    assert deeds() == ["tags:touchpoint:issue", "tags:touchpoint:revoke"]


def test_only_an_administrator_manages_tags(entrance: services.Tag, anne: Actor) -> None:
    deeds_of_anne: list[Callable[[], object]] = [
        lambda: services.issue("tag-lab", kind="room", by=anne),
        lambda: services.rotate(entrance.token_id, by=anne),
        lambda: services.revoke(entrance.token_id, version=1, by=anne),
    ]
    for deed in deeds_of_anne:
        with pytest.raises(NotAllowedError):
            deed()
    assert deeds() == ["tags:touchpoint:issue"]


def test_a_repeated_key_hangs_up_one_tag_and_stores_no_mac(chris: Actor) -> None:
    with presenting(Presented("scope", "key", "content")):
        first = services.issue("tag-lab", kind="room", by=chris)
    with presenting(Presented("scope", "key", "content")):
        second = services.issue("tag-lab", kind="room", by=chris)
        assert was_replayed()
    assert second == first
    assert second.token == first.token
    assert queries.tags().count == 1


@pytest.mark.parametrize(
    ("place", "kind", "name", "field"),
    [
        ("nowhere", "room", None, "place"),
        ("채혈실", "room", None, "place"),
        ("tag-lab", "balcony", None, "kind"),
        ("crossing", "room", None, "name"),
        ("tag-lab", "room", Name(" ", "Lab"), "name_ko"),
        ("tag-lab", "room", Name("채혈실", "x" * 81), "name_en"),
    ],
)
def test_what_makes_no_sense_is_refused(
    chris: Actor, place: str, kind: str, name: Name | None, field: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        services.issue(place, kind=kind, name=name, by=chris)
    assert caught.value.details["field"] == field


def test_unknown_ids_are_not_found(chris: Actor) -> None:
    for deed in (
        lambda: services.rotate("x" * 12, by=chris),
        lambda: services.revoke("x" * 12, version=1, by=chris),
        lambda: queries.tag(uuid4()),
        lambda: queries.tag("가" * 12),
    ):
        with pytest.raises(NotFoundError):
            deed()


def test_the_map_keeps_a_place_while_a_tag_hangs_there(entrance: services.Tag, chris: Actor) -> None:
    with pytest.raises(InvalidError):
        wayfinding.remove_node("main", "tag-entrance", by=chris)
    wayfinding.remove_node("main", "tag-lab", by=chris)


def test_no_stored_value_opens_a_tag(entrance: services.Tag) -> None:
    db.session.rollback()
    mac = entrance.token.split(".")[1]
    row = db.session.execute(select(Touchpoint.__table__)).one()
    assert mac not in " ".join(map(str, row))
