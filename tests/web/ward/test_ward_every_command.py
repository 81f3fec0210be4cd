"""Every command of the journey that belongs to the ward: given with script and without, refused with nothing lost."""

import re
from typing import Any
from uuid import UUID

import pytest

from app.boards import queries as boards
from app.boards.queries import WardRow
from app.core.db import db
from app.journey import services as journey
from app.queues import services as queues
from app.queues.services import Rules
from tests.pages import send
from tests.web.ward.nurse import Ward, problem_of, statuses

WHY = {"reason": "화장실"}
# Where it begins, the command, what its form carries besides versions, and how the three stand afterwards.
COMMANDS: list[tuple[str, str, dict[str, Any], list[str]]] = [
    ("waiting", "hold", {**WHY, "minutes": "15"}, ["WAITING", "WAITING", "HELD"]),
    ("waiting", "priority", {**WHY, "priority": "2"}, ["WAITING"] * 3),
    ("waiting", "skip-once", WHY, ["WAITING"] * 3),
    ("waiting", "start-direct", {**WHY, "confirm": "identity"}, ["IN_SERVICE", "WAITING", "WAITING"]),
    ("waiting", "leave", {}, ["WAITING", "WAITING"]),
    ("waiting", "cancel", WHY, ["WAITING", "WAITING"]),
    ("waiting", "transfer-out", WHY, ["WAITING", "WAITING"]),
    ("called", "miss", {}, ["WAITING", "WAITING", "NO_SHOW"]),
    ("called", "uncall", {}, ["WAITING"] * 3),
    ("held", "resume", {}, ["WAITING"] * 3),
    ("missed", "re-enter", {}, ["WAITING"] * 3),
    ("inside", "pause", {**WHY, "minutes": "30"}, ["WAITING", "WAITING", "HELD"]),
    ("inside", "complete", {}, ["WAITING", "WAITING"]),
]


def brought(ward: Ward, where: str) -> WardRow:
    """Bring the first in line to where a command begins."""
    by = ward.hospital.cast.anne
    first = ward.board().waiting[0]
    if where == "waiting":
        return first
    if where == "held":
        journey.hold(first.entry_id, version=first.version, reason="식사", by=by)
        return ward.board().aside[0]
    entry = ward.call_next()
    if where == "missed":
        journey.miss(entry, version=ward.board().called[0].version, by=by)
        return ward.board().aside[0]
    if where == "inside":
        ward.start(entry)
        return ward.board().inside[0]
    return ward.board().called[0]


def versions(row: WardRow) -> dict[str, Any]:
    return {"version": row.version, "visit_id": row.visit_id, "visit_version": row.visit_version}


@pytest.mark.parametrize("htmx", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize(("where", "command", "fields", "after"), COMMANDS, ids=[one[1] for one in COMMANDS])
def test_a_command_is_given_and_taken_back(
    ward: Ward, where: str, command: str, fields: dict[str, Any], after: list[str], *, htmx: bool
) -> None:
    ward.send("my-room", service_point_id=ward.hospital.rooms[0])
    row = brought(ward, where)
    before = statuses(ward.board())
    answer = ward.send(f"entries/{row.entry_id}/{command}", htmx=htmx, **versions(row), **fields)
    assert answer.status_code == (200 if htmx else 303)
    assert statuses(ward.board()) == after
    page = answer if htmx else ward.nurse.get(ward.page)
    (action,) = set(re.findall(r'action="[^"]*(visits/[^"]+/undo)"', page.text))
    (version,) = re.findall(r'name="version" value="(\d+)"', page.text.partition("toasts")[2])
    assert ward.send(action, version=version).status_code == 200
    assert statuses(ward.board()) == before


@pytest.mark.parametrize("htmx", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize(
    ("where", "command", "fields"),
    [
        ("waiting", "hold", {"minutes": "30"}),
        ("waiting", "priority", {"priority": "2"}),
        ("waiting", "skip-once", {}),
        ("waiting", "start-direct", {"confirm": "identity"}),
        ("waiting", "cancel", {}),
        ("waiting", "transfer-out", {}),
        ("inside", "pause", {"minutes": "30"}),
    ],
)
def test_a_command_that_must_say_why_asks_and_keeps_what_was_chosen(
    ward: Ward, where: str, command: str, fields: dict[str, Any], *, htmx: bool
) -> None:
    ward.send("my-room", service_point_id=ward.hospital.rooms[0])
    row = brought(ward, where)
    before = statuses(ward.board())
    answer = ward.send(f"entries/{row.entry_id}/{command}", htmx=htmx, **versions(row), **fields)
    assert answer.status_code == 422
    assert answer.headers.get("HX-Retarget") == ("#sheet-body" if htmx else None)
    assert problem_of(answer.text)
    (section,) = re.findall(rf'<details[^>]*id="do-{command}" open>.*?</details>', answer.text, re.DOTALL)
    assert section.count('name="reason"') >= 3, "reasons to choose from"
    assert 'name="other"' in section
    if "minutes" in fields:
        assert '<option value="30" selected>' in section
    if "priority" in fields:
        assert re.search(r'value="2" required checked', section)
    assert statuses(ward.board()) == before


def test_own_words_count_before_the_button_that_enter_presses(ward: Ward) -> None:
    row = brought(ward, "waiting")
    ward.send(f"entries/{row.entry_id}/hold", **versions(row), reason="화장실", other="보호자와 통화")
    assert ward.board().aside[0].held_reason == "보호자와 통화"


@pytest.mark.parametrize("htmx", [True, False], ids=["script", "plain"])
def test_a_stale_command_shows_who_was_faster_and_keeps_the_words(ward: Ward, *, htmx: bool) -> None:
    row = brought(ward, "waiting")
    journey.prioritise(
        row.entry_id, priority=1, version=row.version, reason="통증 심함", by=ward.hospital.cast.grace
    )
    newest = ward.board().waiting[0]
    answer = ward.send(
        f"entries/{row.entry_id}/hold", htmx=htmx, version=row.version, other="검사실에서 전화"
    )
    assert answer.status_code == 409
    assert problem_of(answer.text)
    assert 'value="검사실에서 전화"' in answer.text
    assert f'name="version" value="{newest.version}"' in answer.text
    history = answer.text.partition('class="sheet-history"')[2]
    assert "Grace" in history
    assert "통증 심함" in history


def test_a_short_service_is_confirmed_on_the_sheet_without_script_too(ward: Ward) -> None:
    careful = Rules(check_in_before_seconds=86400, check_in_after_seconds=86400, least_service_seconds=60)
    queues.set_rules(ward.hospital.consult, careful, version=1, by=ward.hospital.cast.chris)
    row = brought(ward, "inside")
    asked = ward.send(f"entries/{row.entry_id}/complete", htmx=False, version=row.version)
    assert asked.status_code == 409
    (section,) = re.findall(r'<details[^>]*id="do-complete" open>.*?</details>', asked.text, re.DOTALL)
    assert 'name="confirm" value="short_service"' in section
    done = ward.send(
        f"entries/{row.entry_id}/complete", htmx=False, version=row.version, confirm="short_service"
    )
    assert done.status_code == 303


def test_a_patient_is_moved_to_a_queue_that_fits_with_its_line_in_view(ward: Ward) -> None:
    visit = ward.hospital.waiting("lab", "consult")
    page = f"/ward/{ward.hospital.lab}"
    row = next(one for one in _lab(ward) if one.visit_id == visit)
    sheet = ward.nurse.get(f"{page}/entries/{row.entry_id}?do=transfer").text
    assert f'name="queue_id" value="{ward.hospital.elsewhere}"' not in sheet, "nothing is planned there"
    refused = send(
        ward.nurse,
        page,
        f"{page}/entries/{row.entry_id}/transfer",
        version=row.version,
        queue_id=ward.hospital.elsewhere,
        other="대기 분산",
    )
    assert refused.status_code == 409
    assert 'value="대기 분산"' in refused.text
    assert [one.entry_id for one in _lab(ward)] == [row.entry_id], "the old entry is untouched"


def test_a_patient_waits_for_one_room(ward: Ward) -> None:
    row = brought(ward, "waiting")
    sheet = ward.sheet(row.entry_id, do="transfer")
    room = ward.hospital.rooms[1]
    assert f'name="service_point_id" value="{room}"' in sheet
    assert (
        ward.send(f"entries/{row.entry_id}/transfer", version=row.version, service_point_id=room).status_code
        == 200
    )
    assert ward.board().waiting[0].pinned_id == room
    assert ward.board().rooms[1].kept == (row.number,)
    assert (
        "2번 진료실"
        in ward.nurse.get(ward.page).text.partition(f'data-number="{row.number}"')[2].partition("</tr>")[0]
    )


def test_the_numbers_that_a_call_overtakes_are_named_before_it(ward: Ward) -> None:
    first, second, third = ward.board().waiting
    sheet = ward.sheet(third.entry_id, do="call")
    assert f"<b>{first.number}, {second.number}</b>" in sheet
    assert 'name="confirm" value="overtaking"' in sheet
    assert 'name="confirm" value="overtaking"' not in ward.sheet(first.entry_id, do="call")


def test_whoever_waits_for_another_room_is_not_overtaken(ward: Ward) -> None:
    first, second, _ = ward.board().waiting
    journey.transfer(
        first.entry_id,
        version=first.version,
        service_point_id=ward.hospital.rooms[2],
        by=ward.hospital.cast.anne,
    )
    ward.send("my-room", service_point_id=ward.hospital.rooms[0])
    assert 'name="confirm" value="overtaking"' not in ward.sheet(second.entry_id, do="call")


def test_the_last_command_is_taken_back_from_the_sheet_while_it_may(ward: Ward) -> None:
    entry = ward.call_next()
    assert 'data-command="undo"' in ward.sheet(entry)
    row = ward.board().called[0]
    assert ward.send(f"visits/{row.visit_id}/undo", version=row.visit_version).status_code == 200
    assert 'data-command="undo"' not in ward.sheet(entry)


def test_a_command_that_is_not_possible_says_so(ward: Ward) -> None:
    row = brought(ward, "waiting")
    assert "data-unfit" in ward.sheet(row.entry_id, do="complete")
    assert "data-unfit" not in ward.sheet(row.entry_id, do="hold")


def _lab(ward: Ward) -> tuple[WardRow, ...]:
    rows = boards.ward_board(ward.hospital.lab, by=None).rows
    db.session.remove()
    return rows


def test_nobody_drives_a_patient_of_another_queue_by_this_ones_address(ward: Ward) -> None:
    ward.hospital.waiting("lab")
    stranger: UUID = _lab(ward)[0].entry_id
    assert ward.nurse.get(f"{ward.page}/entries/{stranger}").status_code == 404
