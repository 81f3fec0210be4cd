"""The audit only grows: the database refuses changes, and the chain names the first row that was touched."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import DatabaseError

from app.core import audit, sealing
from app.core.actor import SYSTEM
from app.core.audit import AuditRow, AuditSeal, append_only
from app.core.db import db
from app.core.disclosure import disclose, disclose_each
from app.core.errors import DependencyDownError
from app.core.transaction import WriteOutsideUnitError, release, savepoint, transactional
from tests.cast import Cast
from tests.hospital import Hospital
from tests.web.scenes import statements

EARLIER = timedelta(minutes=2)


@pytest.fixture(autouse=True)
def before(app: Flask) -> int:
    """Seal what the building of the hospital has left, so that a test counts its own; return its last id."""
    with time_machine.travel(datetime.now(UTC) + EARLIER):
        sealing.seal()
    release()
    last = db.session.execute(select(func.coalesce(func.max(AuditRow.id), 0))).scalar_one()
    release()
    return last


@transactional
def deed(count: int = 1) -> None:
    for number in range(count):
        audit.record("tests:deed", by=SYSTEM, reason=f"까닭 {number}", details={"b": [1], "a": None})


def sealed(count: int) -> None:
    """Write and seal so many rows."""
    with time_machine.travel(datetime.now(UTC) - EARLIER):
        deed(count)
    assert sealing.seal() == count
    release()


def rows(after: int) -> list[AuditRow]:
    release()
    chosen = select(AuditRow).where(AuditRow.id > after).order_by(AuditRow.id)
    return list(db.session.execute(chosen).scalars())


def seals() -> list[AuditSeal]:
    release()
    return list(db.session.execute(select(AuditSeal).order_by(AuditSeal.id)).scalars())


@contextmanager
def as_root() -> Iterator[None]:
    """Take the triggers away, as somebody with the database's password could."""
    names = [f"{table}_no_{verb}" for table in ("audit", "audit_seal") for verb in ("UPDATE", "DELETE")]
    run(*(f"DROP TRIGGER {name}" for name in names))
    try:
        yield
    finally:
        run(*append_only(db.engine.dialect.name, ("audit", "audit_seal")))


def run(*statements: str) -> None:
    release()
    with db.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET action = 'nothing'",
        "UPDATE audit SET reason = NULL WHERE id = (SELECT m FROM (SELECT max(id) AS m FROM audit) AS x)",
        "DELETE FROM audit",
        "UPDATE audit_seal SET count = 0",
        "DELETE FROM audit_seal",
    ],
)
def test_the_database_itself_refuses_to_forget(app: Flask, before: int, statement: str) -> None:
    sealed(3)
    deed()
    with pytest.raises(DatabaseError, match="append-only"):
        run(statement)
    assert len(rows(before)) == 4


def test_young_rows_wait_for_those_that_began_before_them(app: Flask) -> None:
    deed()
    assert sealing.seal() == 0
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=31)):
        assert sealing.seal() == 1
        assert sealing.seal() == 0


def test_a_whole_chain_is_whole(app: Flask) -> None:
    first = sealing.verify()
    for count in (3, 1, 5):
        sealed(count)
    assert sealing.verify() == sealing.Verified(seals=first.seals + 3, rows=first.rows + 9, broken_seal=None)
    chain = seals()
    assert [one.prev_hash for one in chain] == [sealing.FIRST_HASH, *(one.hash for one in chain[:-1])]


@pytest.mark.parametrize(
    ("what", "statements"),
    [
        ("one sign of a row", ["UPDATE audit SET reason = 'x' WHERE id = {second}"]),
        ("a row in the middle is gone", ["DELETE FROM audit WHERE id = {second}"]),
        (
            "two rows changed places",
            [
                "UPDATE audit SET id = 0 WHERE id = {second}",
                "UPDATE audit SET id = {second} WHERE id = {third}",
                "UPDATE audit SET id = {third} WHERE id = 0",
            ],
        ),
        ("a seal was written anew", ["UPDATE audit_seal SET hmac = hash WHERE to_id = {last}"]),
        ("a seal is gone", ["DELETE FROM audit_seal WHERE to_id = {last}"]),
    ],
)
def test_who_touches_the_record_is_found_out(
    app: Flask, before: int, what: str, statements: list[str]
) -> None:
    sealed(1)
    sealed(4)
    sealed(2)
    _, second, third, *_ = (row.id for row in rows(before + 1))
    *_, middle, newest = seals()
    broken = newest.id if what == "a seal is gone" else middle.id
    places = {"second": second, "third": third, "last": middle.to_id}
    with as_root():
        run(*(statement.format(**places) for statement in statements))
    assert sealing.verify().broken_seal == broken


def test_a_look_is_one_row_that_names_a_single_patient(app: Flask, before: int, cast: Cast) -> None:
    one, many = uuid4(), [uuid4() for _ in range(3)]
    disclose("tests:look", patients=[one], by=cast.anne)
    disclose("tests:look", patients=many, by=cast.anne)
    alone, list_ = rows(before)
    assert (alone.patient, alone.patients, alone.actor_id, alone.role) == (one, 1, cast.anne.id, "nurse")
    assert (list_.patient, list_.patients) == (None, 3)
    assert list_.patients_hash != alone.patients_hash


def test_each_first_look_is_a_row_and_all_of_them_one_statement(app: Flask, before: int) -> None:
    patients = [uuid4() for _ in range(3)]
    with statements() as asked:
        disclose_each("tests:look", patients=patients, by=SYSTEM, object_="board:1")
        disclose_each("tests:look", patients=[], by=SYSTEM, object_="board:1")
    assert len(asked) == 1, asked
    assert [(row.patient, row.patients, row.object) for row in rows(before)] == [
        (patient, 1, "board:1") for patient in patients
    ]


def test_what_is_recorded_stands_and_falls_with_the_deed(app: Flask, before: int) -> None:
    @transactional
    def half() -> None:
        audit.record("tests:kept", by=SYSTEM)
        undone = savepoint()
        audit.record("tests:undone", by=SYSTEM)
        undone.rollback()

    @transactional
    def none() -> None:
        audit.record("tests:broken", by=SYSTEM)
        raise ZeroDivisionError

    half()
    with pytest.raises(ZeroDivisionError):
        none()
    with pytest.raises(WriteOutsideUnitError):
        audit.record("tests:outside", by=SYSTEM)
    assert [row.action for row in rows(before)] == ["tests:kept"]


def test_what_cannot_be_recorded_is_not_shown(
    app: Flask, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        raise DatabaseError("INSERT", {}, Exception("the disk is full"))

    monkeypatch.setattr("app.core.disclosure.audit.record", fail)
    with pytest.raises(DependencyDownError) as refused:
        disclose("tests:look", patients=[uuid4()], by=hospital.cast.anne)
    assert refused.value.status == 503
