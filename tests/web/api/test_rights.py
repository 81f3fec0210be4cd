"""Who may call what: the cast against the API; somebody else's is 404, a missing right 403, nobody 401."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from app.boards import queries as boards
from app.journey import services as journey
from app.tags import queries as tags
from tests.hospital import Hospital
from tests.web.api.partner import Partner, Partners, records

NAMES = ("anne", "ben", "chris", "flora", "grace", "henry", "iris", "jonas", "dana", "other", "eve")


@dataclass
class Scene:
    """A patient who waits, one who is called, one who is about to pay, and an expected one."""

    waiting: UUID
    entry: str
    patient: UUID
    called: str
    paying: UUID
    expected: UUID
    tag: str
    here: Hospital


# One line per call: anne (this ward), ben (another), chris (admin), flora (charge nurse), grace (doctor), henry (desk),
# iris (cashier), jonas (auditor), dana (the patient), another patient, eve.
TABLE = {
    "GET /visits/{waiting}": "200 404 403 200 200 200 404 403 200 404 401",
    "GET /visits/{paying}": "200 404 403 200 200 200 200 403 404 404 401",
    "GET /queue/{consult}": "200 404 200 200 200 200 200 200 200 200 401",
    "GET /emr/patients/{patient}": "200 404 403 200 200 200 403 403 403 403 401",
    "GET /nfc/qr-backup/{tag}": "403 403 200 403 403 403 403 403 403 403 401",
    "POST /auth/socket-ticket": "200 200 200 200 200 200 200 200 200 200 401",
    "POST /nfc/scan": "200 200 200 200 200 200 200 200 200 200 200",
    "POST /queue/join": "200 404 403 200 200 200 403 403 200 404 401",
    "POST /queue/{consult}/call-next": "200 404 403 200 200 403 403 403 403 403 401",
    "POST /queue/medical/call-patient": "200 404 403 200 200 403 403 403 403 403 401",
    "POST /queue/entries/{called}/recall": "200 404 403 200 200 403 403 403 403 403 401",
    "POST /queue/entries/{called}/start": "200 404 403 200 200 403 403 403 403 403 401",
    "POST /queue/entries/{entry}/hold": "200 404 403 200 200 200 403 403 200 404 401",
    "POST /queue/entries/{entry}/miss": "409 404 403 409 409 403 403 403 403 403 401",
    "POST /visits/{waiting}/waive": "403 403 403 403 200 403 403 403 403 403 401",
    "POST /visits/{waiting}/cancel": "200 404 403 200 200 200 403 403 200 404 401",
    "POST /visits/{waiting}/leave": "200 404 403 200 200 200 403 403 200 404 401",
    "POST /visits/{waiting}/transfer-out": "200 404 403 200 200 403 403 403 403 403 401",
    "POST /visits/{waiting}/void": "403 403 403 200 403 403 403 403 403 403 401",
    "POST /visits/{expected}/arrive": "403 403 403 403 403 200 403 403 403 403 401",
    "POST /visits/{waiting}/register": "403 403 403 403 403 409 403 403 409 404 401",
    "POST /visits/{waiting}/add-step": "403 403 403 403 200 403 403 403 403 403 401",
    "POST /visits/{paying}/pay": "403 403 403 403 403 403 200 403 403 403 401",
    "POST /visits/{waiting}/undo": "403 404 403 200 403 200 403 403 403 403 401",
}


@pytest.fixture
def scene(partners: Partners, hospital: Hospital) -> Scene:
    cast = hospital.cast
    paying = hospital.waiting("consult", name="이수납")
    out = journey.call_next(hospital.consult, hospital.rooms[0], by=cast.grace)
    assert out.entry_id
    journey.start(out.entry_id, version=2, confirm=frozenset({"identity"}), by=cast.grace)
    journey.complete(out.entry_id, version=3, by=cast.grace)
    hospital.waiting("consult", name="박호출")
    called = journey.call_next(hospital.consult, hospital.rooms[1], by=cast.grace).entry_id
    waiting = hospital.waiting("consult", name="김대기")
    mine = partners.patient(waiting).get(f"/visits/{waiting}").json
    found = Scene(
        waiting=waiting,
        entry=mine["entry"]["id"],
        patient=uuid4(),
        called=str(called),
        paying=paying,
        expected=hospital.expect("consult", name="최예약"),
        tag=str(tags.tags().rows[0].touchpoint_id),
        here=hospital,
    )
    found.patient = _patient_of(waiting)
    return found


def _patient_of(visit: UUID) -> UUID:
    return boards.my_visit(visit, by=None).patient_id


def _who(name: str, scene: Scene, partners: Partners) -> Partner:
    if name == "dana":
        return partners.patient(scene.waiting)
    if name == "other":
        return partners.patient(scene.expected)
    return partners.staff(name)


def _body(path: str, scene: Scene, desk: Partner) -> dict[str, object]:
    """Return what the call needs, with the versions as they stand."""
    seen = desk.get(f"/visits/{scene.waiting}").json
    if "entries" in path or path.endswith("call-patient"):
        entries = desk.get(f"/queue/{scene.here.consult}").json["entries"]
        wanted = scene.called if scene.called in path else scene.entry
        version = next(one["version"] for one in entries if one["id"] == wanted)
    elif str(scene.waiting) in path:
        version = seen["visit"]["version"]
    else:
        other = path.split("/")[2] if path.startswith("/visits/") else str(scene.waiting)
        version = desk.get(f"/visits/{other}").json["visit"]["version"]
    return {
        "version": version,
        "visit_id": str(scene.waiting),
        "entry_id": scene.entry,
        "service_point_id": str(scene.here.rooms[2]),
        "confirm": ["identity"],
        "reason": "보호자 요청",
        "tag": scene.here.entrance,
        **({"service": "lab"} if path.endswith("add-step") else {}),
    }


@pytest.mark.parametrize("call", TABLE)
def test_the_cast_gets_what_the_table_says(call: str, partners: Partners, scene: Scene) -> None:
    method, _, path = call.partition(" ")
    path = path.format(
        waiting=scene.waiting,
        paying=scene.paying,
        expected=scene.expected,
        consult=scene.here.consult,
        patient=scene.patient,
        tag=scene.tag,
        called=scene.called,
        entry=scene.entry,
    )
    body = _body(path, scene, partners.staff("henry")) if method == "POST" else None
    order = sorted(zip(NAMES, TABLE[call].split(), strict=True), key=lambda one: one[1].startswith("2"))
    done = False
    for name, expected in order:  # refusals first: they must leave all as it was
        if (
            expected.startswith("2")
            and done
            and method == "POST"
            and not path.endswith(("scan", "ticket", "join"))
        ):
            continue  # the first one did it
        who = _who(name, scene, partners)
        before = records()
        if method == "GET":
            answer = who.get(path)
        else:
            answer = who.post(path, body, key=f"{name}-key" if path.endswith("pay") else None)
        assert answer.status_code == int(expected), (name, answer.text)
        if expected.startswith("2"):
            done = True
        else:
            assert records() == before, f"{name} was refused and something was written"
            assert answer.mimetype == "application/problem+json"


def test_each_who_may_call_does_so(partners: Partners, hospital: Hospital) -> None:
    for number, name in enumerate(("anne", "flora", "grace")):
        visit = hospital.waiting("consult")
        answer = partners.staff(name).post(
            f"/queue/{hospital.consult}/call-next", {"service_point_id": str(hospital.rooms[number])}
        )
        assert answer.status_code == 200
        assert answer.json["visit"]["id"] == str(visit)


def test_numbers_are_for_everybody_and_entries_for_the_ward(partners: Partners, scene: Scene) -> None:
    path = f"/queue/{scene.here.consult}"
    ward = partners.staff("anne").get(f"{path}?per_page=1").json
    assert [entry["number"] for entry in ward["entries"]] == [2]
    assert (ward["total"], ward["pages"], ward["page"]) == (2, 2, 1)
    assert ward["entries"][0]["call"]["attempt"] == 1
    phone = partners.patient(scene.waiting).get(path)
    assert phone.json["entries"] is None
    assert (phone.json["waiting_count"], phone.json["next_numbers"]) == (1, [3])
    for answer in (partners.staff("anne").get(path), phone):
        assert not {"김대기", "박호출", "김*기"} & set(answer.text.split('"'))


def test_every_look_at_a_patient_is_written_down(partners: Partners, scene: Scene) -> None:
    nurse = partners.staff("anne")
    before = records(["audit"])["audit"].count("api.show_visit")
    nurse.get(f"/visits/{scene.waiting}")
    assert records(["audit"])["audit"].count("api.show_visit") == before + 1
