"""The bytes of an audit row that are hashed: pinned, for a chain of last year must still be readable next year."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

from app.core.audit import AuditRow, fingerprint
from app.core.sealing import FIRST_HASH, _chain, canonical

ROW = AuditRow(
    id=7,
    at=datetime(2026, 3, 2, 0, 30, 15, 123456, tzinfo=UTC),
    actor_kind="staff",
    actor_id=UUID("00000000-0000-4000-8000-00000000a11e"),
    role="nurse",
    session_id=fingerprint("a cookie"),
    device_id=None,
    ip="192.0.2.1",
    action="journey:visit:call",
    patient=UUID("00000000-0000-4000-8000-000000000001"),
    patients=1,
    patients_hash=None,
    object="visit:1",
    reason="응급",
    outcome="ok",
    request_id=None,
    details={"b": 1, "a": None},
)
BYTES = (
    '{"action":"journey:visit:call","actor_id":"00000000-0000-4000-8000-00000000a11e","actor_kind":"staff",'
    '"at":"2026-03-02 00:30:15.123456+00:00","details":{"a":null,"b":1},"device_id":null,"id":7,"ip":"192.0.2.1",'
    '"object":"visit:1","outcome":"ok","patient":"00000000-0000-4000-8000-000000000001","patients":1,'
    '"patients_hash":null,"reason":"응급","request_id":null,"role":"nurse",'
    '"session_id":"' + hashlib.sha256(b"a cookie").hexdigest()[:32] + '"}'
)


def test_bytes_of_a_row_never_change() -> None:
    assert canonical(ROW).decode() == BYTES


def test_a_row_is_hashed_with_all_before_it() -> None:
    first = hashlib.sha256(FIRST_HASH.encode() + canonical(ROW)).hexdigest()
    second = hashlib.sha256(first.encode() + canonical(ROW)).hexdigest()
    assert _chain(FIRST_HASH, [ROW, ROW]) == second


def test_the_audit_holds_no_usable_cookie() -> None:
    assert "a cookie" not in fingerprint("a cookie")
    assert len(fingerprint("a cookie")) == 32
