"""A disc of rubbish, and another: what is no picture is kept up to a bound, then turned away in so many words."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import settings
from app.core.actor import SYSTEM
from app.core.audit import AuditRow
from app.core.db import db
from app.core.errors import DependencyDownError
from app.core.transaction import release
from app.imaging import queries
from app.imaging import services as imaging
from app.imaging.models import Instance, QuarantinedFile
from app.imaging.rules import MIB, TURNED_AWAY
from app.imaging.services import Outcome, Sent, Taken
from app.imaging.services.intake import too_large
from app.web.ops import gauges
from tests.integration.imaging.pictures import HOSTILE, Pictures

ROUNDS = 8
# Their content is the same whatever study they are of: a mark at their end makes them others.
ALIKE = ("random", "a web page", "a preamble and no more")


@pytest.fixture(autouse=True)
def folder(own_var: Path) -> Iterator[Path]:
    """Let the house keep its files apart, and at most a megabyte in quarantine."""
    before = settings.current()
    settings.use(before.model_copy(update={"quarantine_mb": 1}))
    yield own_var / "quarantine"
    settings.use(before)


def take(content: bytes, *, is_kept: bool = False) -> Taken:
    return imaging.take(content, name="a.dcm", source="test", is_kept=is_kept, by=SYSTEM)


def rubbish(number: int, size: int = 300_000) -> bytes:
    return f"rubbish {number}".encode().ljust(size, b".")


def rows() -> tuple[int, int]:
    """Return how many instances and refused files there are."""
    release()
    return (
        db.session.execute(select(func.count(Instance.id))).scalar_one(),
        db.session.execute(select(func.count(QuarantinedFile.id))).scalar_one(),
    )


def audited(action: str) -> int:
    release()
    return db.session.execute(select(func.count(AuditRow.id)).where(AuditRow.action == action)).scalar_one()


def lying(folder: Path) -> set[str]:
    """Return the hashes of what lies in quarantine; each file is named by its own."""
    found = {one.stem: hashlib.sha256(one.read_bytes()).hexdigest() for one in folder.iterdir()}
    assert set(found) == set(found.values())
    return set(found)


@pytest.mark.filterwarnings("ignore:Invalid value:UserWarning")  # pydicom's, of what is made wrong on purpose
def test_a_hundred_hostile_files_one_after_the_other_lose_nothing(folder: Path) -> None:
    settings.use(settings.current().model_copy(update={"quarantine_mb": 100}))
    sent: list[bytes] = []
    for number in range(ROUNDS):
        of = Pictures(patient_id="A1")
        whole = of.dataset()
        good = of.file(1, SOPInstanceUID=whole.SOPInstanceUID)
        sent.append(good)
        for name, (make, _) in HOSTILE.items():
            if name != "a bomb" or number == 0:
                sent.append(make(of) + str(number).encode() * (name in ALIKE))
        sent.append(of.file(2, SOPInstanceUID=whole.SOPInstanceUID))  # another picture of the same number
        sent.append(good)
    came = [take(one) for one in sent]
    counts = Counter(one.outcome for one in came)
    assert counts.total() == len(sent) > 100
    assert (counts[Outcome.STORED], counts[Outcome.REPEATED], counts[Outcome.TURNED_AWAY]) == (
        ROUNDS,
        ROUNDS,
        0,
    )
    aside = {
        hashlib.sha256(content).hexdigest()
        for content, one in zip(sent, came, strict=True)
        if one.outcome is Outcome.QUARANTINED
    }
    assert counts[Outcome.QUARANTINED] - len(aside) == ROUNDS - 1, (
        "an empty file is one, however often it comes"
    )
    assert rows() == (ROUNDS, len(aside))
    assert lying(folder) == aside
    assert all(one.sentence for one in came if one.outcome is Outcome.QUARANTINED)


def test_what_finds_no_room_is_turned_away_and_told(folder: Path) -> None:
    files = [rubbish(number) for number in range(6)]
    of = Pictures(patient_id="A1")
    came = []
    for number, content in enumerate(files, start=1):
        came += [take(content), take(of.file(number))]
    assert [one.outcome for one in came[::2]] == [Outcome.QUARANTINED] * 3 + [Outcome.TURNED_AWAY] * 3
    assert {one.outcome for one in came[1::2]} == {Outcome.STORED}, "pictures go on coming in"
    away = [one for one in came if one.outcome is Outcome.TURNED_AWAY]
    assert all(one.sentence.startswith(TURNED_AWAY) for one in away)
    assert len(came) == sum(rows()) + len(away)
    assert audited("imaging:file:turn-away") == len(away)
    assert len(lying(folder)) == 3

    assert take(files[0]).outcome is Outcome.QUARANTINED, "what lies there needs no room"
    oldest = queries.quarantine()[-1]
    imaging.discard(oldest.id, reason="rubbish", by=SYSTEM)
    assert take(files[3]).outcome is Outcome.QUARANTINED
    assert take(files[4]).outcome is Outcome.TURNED_AWAY
    assert rows() == (6, 3)


def test_small_files_count_as_what_they_take_of_a_disk() -> None:
    for number in range(MIB // 4096):
        if take(b"%d" % number).outcome is Outcome.TURNED_AWAY:
            break
    assert 250 < rows()[1] <= 256


def test_what_a_modality_has_sent_is_kept_beyond_the_bound(folder: Path) -> None:
    for number in range(3):
        take(rubbish(number))
    assert take(rubbish(3), is_kept=True).outcome is Outcome.QUARANTINED, "nobody is there who could be told"
    assert rows() == (0, 4)


def test_a_file_larger_than_any_memory_is_turned_away_as_well(folder: Path) -> None:
    file = BytesIO(rubbish(1, size=2 * MIB))
    taken = too_large(file, name="a.dcm", source="test", by=SYSTEM)
    assert taken.outcome is Outcome.TURNED_AWAY
    assert rows() == (0, 0)
    assert audited("imaging:file:turn-away") == 1


def test_a_disk_that_takes_nothing_is_told_and_nothing_is_half_there(own_var: Path) -> None:
    of = Pictures(patient_id="A1")
    sent = [
        Sent(name=f"{number}", content=BytesIO(one)) for number, one in enumerate((of.file(1), b"no picture"))
    ]
    for name in ("quarantine", "archive"):
        (own_var / name).write_bytes(b"")  # no folder can be made here
    received = imaging.receive(sent, by=SYSTEM)
    assert (received.taken, received.left) == ((), ("0", "1"))
    with pytest.raises(DependencyDownError):
        take(of.file(1))
    with pytest.raises(DependencyDownError):
        take(b"no picture")
    assert rows() == (0, 0)
    for name in ("quarantine", "archive"):
        (own_var / name).unlink()
    for one in sent:
        one.content.seek(0)
    again = imaging.receive(sent, by=SYSTEM)
    assert [one.outcome for one in again.taken] == [Outcome.STORED, Outcome.QUARANTINED]
    assert rows() == (1, 1)


def test_how_full_it_is_stands_where_operators_look(sqlite_app: Flask) -> None:
    for number in range(3):
        take(rubbish(number))
    gauges.forget()
    (share,) = [one for one in gauges.Standing().collect() if one.name == "annae_quarantine_used_ratio"]
    assert 0.86 < share.samples[0].value < 0.88


def test_what_a_killed_hand_left_half_written_is_swept_and_nothing_else(folder: Path) -> None:
    assert take(rubbish(1)).outcome is Outcome.QUARANTINED
    old, young = folder / "old.draft", folder / "young.draft"
    for draft in (old, young):
        draft.write_bytes(rubbish(2))
    os.utime(old, times=(0, 0))
    assert imaging.purge() == 1
    assert not old.exists()
    assert young.exists()
    assert imaging.purge() == 0
    release()
    assert rows()[1] == len(list(folder.glob("*.bin"))) == 1
