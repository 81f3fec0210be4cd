"""Queues, rooms and services set up by an administrator, on both databases."""

import pytest
from flask import Flask

from app.core.errors import InvalidError, NotAllowedError, NotFoundError, RoomBusyError, VersionStaleError
from app.core.transaction import release
from app.journey import services as journey
from app.queues import queries, services
from app.queues.services import ServiceWords
from app.queues.states import PointStatus
from tests.hospital import SITE, Hospital

WORDS = ServiceWords(name_ko="심전도", name_en="ECG", duration_seconds=300, follows=("lab",))


def test_a_service_gets_a_queue_and_a_room_and_takes_patients(app: Flask, hospital: Hospital) -> None:
    chris = hospital.cast.chris
    services.add_service("ecg", WORDS, by=chris)
    queue = services.open_queue(
        "ecg-room",
        service="ecg",
        site=SITE,
        unit=hospital.ward,
        name_ko="심전도실",
        name_en="ECG room",
        place="2f-demo-1",
        by=chris,
    )
    room = services.add_room(queue, name_ko="1번", name_en="No. 1", place="2f-demo-1", by=chris)
    visit = hospital.waiting("ecg")
    assert journey.call_next(queue, room, by=hospital.cast.anne).visit_id == visit


def test_a_service_that_follows_another_waits_for_it(app: Flask, hospital: Hospital) -> None:
    services.add_service("ecg", WORDS, by=hospital.cast.chris)
    services.open_queue(
        "ecg-room",
        service="ecg",
        site=SITE,
        unit=hospital.ward,
        name_ko="심전도실",
        name_en="ECG room",
        place="2f-demo-1",
        by=hospital.cast.chris,
    )
    visit = hospital.waiting("ecg", "lab")
    call = journey.call_next(hospital.lab, hospital.lab_room, by=hospital.cast.anne)
    assert call.visit_id == visit


def test_a_room_changes_its_name_by_version(app: Flask, hospital: Hospital) -> None:
    chris, room = hospital.cast.chris, hospital.rooms[0]
    new = {"name_ko": "초진", "name_en": "First visits", "place": "2f-demo-2", "capacity": 2}
    assert services.edit_room(room, **new, version=1, by=chris) == 2  # type: ignore[arg-type]  # four words
    with pytest.raises(VersionStaleError):
        services.edit_room(room, **new, version=1, by=chris)  # type: ignore[arg-type]  # as above
    with pytest.raises(InvalidError):
        services.edit_room(room, **{**new, "name_ko": "2번 진료실"}, version=2, by=chris)  # type: ignore[arg-type]  # as above
    release()
    point = queries.point(room)
    assert (point.name_ko, point.place, point.capacity, point.version) == ("초진", "2f-demo-2", 2, 2)


def test_a_room_goes_out_of_use_when_nobody_is_called_inside_or_kept_for_it(
    app: Flask, hospital: Hospital
) -> None:
    chris, anne, room = hospital.cast.chris, hospital.cast.anne, hospital.rooms[0]
    hospital.waiting("consult")
    call = journey.call_next(hospital.consult, room, by=anne)

    def close() -> int:
        release()
        version = queries.point(room).version
        return services.set_room_in_use(room, is_in_use=False, version=version, by=chris)

    with pytest.raises(RoomBusyError):
        close()
    assert call.entry_id is not None
    journey.start(call.entry_id, version=2, confirm=frozenset({"identity"}), by=anne)
    with pytest.raises(RoomBusyError):
        close()
    journey.complete(call.entry_id, version=3, confirm=frozenset({"short_service"}), by=anne)
    waiting = hospital.waiting("consult")
    entry = journey.call_next(hospital.consult, hospital.rooms[1], by=anne)
    assert entry.visit_id == waiting
    assert entry.entry_id is not None
    journey.uncall(entry.entry_id, version=2, by=anne)
    journey.transfer(entry.entry_id, version=3, service_point_id=room, reason="담당의 지정", by=anne)
    with pytest.raises(RoomBusyError):
        close()
    other = hospital.rooms[2]
    services.set_room_in_use(other, is_in_use=False, version=1, by=chris)
    release()
    assert queries.point(other).status == PointStatus.CLOSED


@pytest.mark.parametrize("name", ["anne", "ben", "flora", "grace", "henry", "iris", "jonas", "dana", "eve"])
def test_nobody_else_sets_anything_up(sqlite_app: Flask, hospital: Hospital, name: str) -> None:
    by, room = getattr(hospital.cast, name), hospital.rooms[0]
    for command in (
        lambda: services.add_service("ecg", WORDS, by=by),
        lambda: services.edit_service("lab", WORDS, version=1, by=by),
        lambda: services.edit_room(
            room, name_ko="x", name_en="x", place="2f-demo-1", capacity=1, version=1, by=by
        ),
        lambda: services.set_room_in_use(room, is_in_use=False, version=1, by=by),
    ):
        with pytest.raises(NotAllowedError):
            command()


def test_what_is_not_there_is_not_found(sqlite_app: Flask, hospital: Hospital) -> None:
    chris, nowhere = hospital.cast.chris, hospital.ward
    with pytest.raises(NotFoundError):
        services.edit_service("moon", WORDS, version=1, by=chris)
    with pytest.raises(NotFoundError):
        services.set_room_in_use(nowhere, is_in_use=True, version=1, by=chris)
    with pytest.raises(NotFoundError):
        queries.policy(nowhere)
