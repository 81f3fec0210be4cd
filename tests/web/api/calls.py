"""Every call of the document made once, well: who makes it, and with which words.

What a call needs is there when it asks for it, made by the hands that make it in the house.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from app.accounts.roles import Permission, may
from app.boards import queries as boards
from app.core.transaction import release
from app.door.rights import PUBLIC, permission_of
from app.inference.registry import BUILT_IN
from app.tags import queries as tags
from tests.cast import PASSWORD
from tests.hospital import Hospital
from tests.integration.journey.scenes import CONFIRMED, WHY, Stage
from tests.web.alerts.scenes import urgent_left
from tests.web.api.heads import handed, head
from tests.web.api.partner import Partner
from tests.web.api.pharmacy import ApiPharmacy
from tests.web.api.test_commands import ALSO_OF_ENTRY, WAYS, bring, key_of, seen_by

REASON = {"reason": WHY}
V1 = {"version": 1}
ITEM = {"code": "splint", "category": "procedure", "name_ko": "부목", "name_en": "Splint", "price_won": 900}
SET = {"code": "cold", "name_ko": "감기", "name_en": "Cold", "items": [{"item": "amoxicillin"}]}
ALLERGY = {"substance": "페니실린", "criticality": "high"}
CONTACT = {"name": "보호자", "relation": "child", "phone": "010-1234-5678"}
NUMBER = {"kind": "previous", "value": "7"}
# One of each kind of people to whom calls are open.
CALLERS = ("flora", "grace", "henry", "iris", "kate", "chris", "dana", "eve")


@dataclass(frozen=True)
class Call:
    """Who calls, with which body, and with which parts of the address; those are otherwise what there is."""

    who: Partner
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    key: str | None = None
    needs: Any = None  # what must be there, so that a list shows something


@dataclass
class House:
    """The hospital with its pharmacy, where everything that a call may name can be had."""

    shop: ApiPharmacy

    @property
    def hospital(self) -> Hospital:
        """Return the hospital."""
        return self.shop.hospital

    def __getitem__(self, name: str) -> Partner:
        """Return somebody of the cast, signed in; Dana is the patient."""
        return self.dana if name == "dana" else self.shop.staff(name)

    @cached_property
    def dana(self) -> Partner:
        """Return the patient, recognised at the entrance."""
        return self.shop.partners.patient(self.visit)

    @cached_property
    def visit(self) -> UUID:
        """Return a visit that waits."""
        return self.hospital.waiting("consult")

    @cached_property
    def entry(self) -> dict[str, Any]:
        """Return its place in the line."""
        found: dict[str, Any] = seen_by(self["anne"], self.visit)["entry"]
        return found

    @cached_property
    def shelf(self) -> UUID:
        """Return a shelf on which much lies."""
        return self.shop.fill("amoxicillin", 1000)

    @cached_property
    def order(self) -> Any:
        """Return the answer to an order of what lies there, and of what is done by hand."""
        assert self.shelf
        return self.shop.order(self.visit, "amoxicillin", "dressing")

    @cached_property
    def patient(self) -> str:
        """Return whose visit it is."""
        return str(boards.my_visit(self.visit, by=None).patient_id)

    def noted(self, who: str, part: str, body: dict[str, str]) -> str:
        """Return a new row of the patient's record."""
        return made(self[who].post(f"/emr/patients/{self.patient}/{part}", body))

    @cached_property
    def twin(self) -> str:
        """Return the record of one who was born on the same day as the patient."""
        return str(boards.my_visit(self.hospital.expect(), by=None).patient_id)

    @cached_property
    def had(self) -> dict[str, Callable[[], object]]:
        """Return how the id is had that stands under a name in an address."""
        return {
            "visit_id": lambda: self.visit,
            "entry_id": lambda: self.entry["id"],
            "queue_id": lambda: self.hospital.consult,
            "tag_id": lambda: tags.tags().rows[0].touchpoint_id,
            "alert_id": lambda: urgent_left(self.hospital).public_id,
            "patient_id": lambda: self.patient,
            "allergy_id": lambda: self.noted("anne", "allergies", ALLERGY),
            "contact_id": lambda: self.noted("henry", "contacts", CONTACT),
            "identifier_id": lambda: self.noted("henry", "identifiers", NUMBER),
            "flag_id": lambda: self.noted("anne", "flags", {"kind": "hearing"}),
            "merge_id": self.merge,
            "order_id": lambda: self.order.json["id"],
            "item_id": lambda: self["kate"].get("/catalogue?search=amox").json["items"][0]["id"],
            "set_id": lambda: made(self["kate"].post("/catalogue/sets", SET)),
            "stock_id": lambda: self.shelf,
            "model_id": lambda: BUILT_IN,
        }

    def id(self, name: str) -> str:
        """Return the id of what stands under a name in an address."""
        return str(self.had[name]())

    def callers(self, name: str) -> list[Partner]:
        """Return who gets past the door with a call: it refuses the others before a word is read."""
        wanted = permission_of(self.shop.partners.app, f"api.{name}")
        cast = self.hospital.cast
        people = {**cast.staff(), "eve": cast.eve, "dana": cast.patient(self.visit)}
        return [self[one] for one in CALLERS if wanted == PUBLIC or may(people[one], Permission(str(wanted)))]

    def known(self) -> dict[str, Any]:
        """Return what there is, by the names under which calls may ask for it."""
        return {
            **{name: self.id(name) for name in self.had},
            **V1,
            **REASON,
            "line_id": self.order.json["lines"][0]["id"],
            "service_point_id": str(self.hospital.rooms[0]),
            "tag": self.hospital.entrance,
            "item": "amoxicillin",
            "items": [{"item": "amoxicillin", "quantity": 1}],
            "sets": [SET["code"]],
            "service": "lab",
            "service_code": "lab",
            "location": "pharmacy-1",
            "phone": CONTACT["phone"],
        }

    def merge(self) -> str:
        """Return a merge that stands: another record of the patient leads to this one."""
        desk, wish = self["henry"], {"into": self.patient, "confirm": ["other_name"], **REASON}
        assert desk.post(f"/emr/patients/{self.twin}/merge", wish).status_code == 200
        found: str = desk.get(f"/emr/patients/{self.patient}/record").json["duplicates"][0]["id"]
        return found


def made(answer: Any) -> str:
    """Return the id of what was made."""
    assert answer.status_code == 201, answer.text
    found: str = answer.json["id"]
    return found


def _of_the_journey(name: str) -> Callable[[House], Call]:
    """Return a command of the journey, from the scene in which it has its place."""

    def call(house: House) -> Call:
        way, stage = WAYS[name], Stage(house.hospital)
        visit = bring(stage, way.scene)
        who, entry = house[way.who], stage.entry(visit)
        ids = {"visit_id": str(visit), "entry_id": str(entry.public_id) if entry else ""}
        release()
        return Call(who, way.order(seen_by(who, visit), house.hospital), ids=ids, key=key_of(name))

    return call


def _of_alerts(verb: str) -> Callable[[House], Call]:
    return lambda house: Call(house["anne"], {**V1, **REASON, **({"minutes": 5} if verb == "snooze" else {})})


def _registered(house: House) -> str:
    """Return a visit that is registered and stands in no line yet."""
    return str(Stage(house.hospital).bring("registered"))


def _measured(house: House) -> Call:
    """Return a call that hands over a small head."""
    volume, said = handed(head(rows=32))
    return Call(house["grace"], {**said, "image_array": volume.stored.tolist()}, key="measured")


def _draft(house: House) -> str:
    return made(house.shop.order(house.visit, "dressing", key="draft", is_draft=True))


def _held(house: House) -> dict[str, Any]:
    """Return the version of the order once it is put aside."""
    return {"version": house.shop.done(house.order, "hold", **REASON).json["version"]}


CALLS: dict[str, Callable[[House], Call]] = {
    "document": lambda house: Call(house["eve"]),
    # Who is there.
    "simple_login": lambda house: Call(house["eve"], house.shop.partners.answers(house.visit)),
    "login": lambda house: Call(house["eve"], {"username": "anne", "password": PASSWORD}),
    "refresh": lambda house: Call(house["eve"], {"refresh_token": house["anne"].refresh_token}),
    "logout": lambda house: Call(house["anne"], {}),
    "socket_ticket": lambda house: Call(house["anne"]),
    "scan": lambda house: Call(house["eve"], {"tag": house.hospital.entrance}),
    "qr_backup": lambda house: Call(house["chris"]),
    # The journey.
    **{
        {"register": "register_visit"}.get(name, name.replace("-", "_")): _of_the_journey(name)
        for name in WAYS
    },
    **{f"{name}_entry": _of_the_journey(name) for name in ALSO_OF_ENTRY},
    "arrive": lambda house: Call(house["henry"], V1, ids={"visit_id": str(house.hospital.expect())}),
    "join": lambda house: Call(house["henry"], {"visit_id": _registered(house)}),
    "show_visit": lambda house: Call(house["anne"]),
    "show_queue": lambda house: Call(house["anne"], needs=house.visit),
    "call_next": lambda house: Call(
        house["anne"], {"service_point_id": str(house.hospital.rooms[0])}, needs=house.visit
    ),
    "call_patient": lambda house: Call(
        house["anne"],
        {
            "entry_id": house.entry["id"],
            "version": house.entry["version"],
            "service_point_id": str(house.hospital.rooms[0]),
            "confirm": sorted(CONFIRMED),
        },
    ),
    "own_alerts": lambda house: Call(house["anne"], needs=house.id("alert_id")),
    "take_alert": _of_alerts("take"),
    "finish_alert": _of_alerts("done"),
    "dismiss_alert": _of_alerts("dismiss"),
    "snooze_alert": _of_alerts("snooze"),
    # The record.
    "show_patient": lambda house: Call(house["henry"]),
    "change_patient": lambda house: Call(house["henry"], {**V1, "name": "김 하나"}),
    "show_encounter": lambda house: Call(house["anne"]),
    "change_encounter": lambda house: Call(house["anne"], {"version": 0, "nursing": "체온 36.5"}),
    "show_note_history": lambda house: Call(
        house["grace"],
        needs=house["anne"].patch(f"/emr/encounters/{house.visit}", {"version": 0, "nursing": "체온"}),
    ),
    "search_patients": lambda house: Call(house["henry"], {"search": "김"}, needs=house.visit),
    "show_record": lambda house: Call(
        house["grace"], needs=[house.id(one) for one in ("allergy_id", "contact_id", "flag_id", "merge_id")]
    ),
    "add_allergy": lambda house: Call(house["anne"], ALLERGY),
    "change_allergy": lambda house: Call(house["anne"], {**V1, "reaction": "두드러기"}),
    "add_contact": lambda house: Call(house["henry"], CONTACT),
    "change_contact": lambda house: Call(house["henry"], {**V1, "relation": "spouse"}),
    "remove_contact": lambda house: Call(house["henry"], V1),
    "add_identifier": lambda house: Call(house["henry"], NUMBER),
    "end_identifier": lambda house: Call(house["henry"], {**V1, **REASON}),
    "raise_flag": lambda house: Call(house["anne"], {"kind": "fall-risk"}),
    "remove_flag": lambda house: Call(house["anne"], V1),
    "merge_records": lambda house: Call(
        house["henry"], {"into": house.twin, "confirm": ["other_name"], **REASON}
    ),
    "undo_merge": lambda house: Call(house["henry"], REASON),
    # Orders.
    "place_order": lambda house: Call(
        house["grace"], {"visit_id": str(house.visit), "items": [{"item": "dressing"}]}, key="order"
    ),
    "list_orders": lambda house: Call(
        house["grace"], query={"visit_id": str(house.visit)}, needs=house.order
    ),
    "show_order": lambda house: Call(house["grace"]),
    "change_order": lambda house: Call(house["grace"], {**V1, "note": "식후"}),
    "activate_order": lambda house: Call(house["grace"], V1, ids={"order_id": _draft(house)}),
    "hold_order": lambda house: Call(house["grace"], {**V1, **REASON}),
    "resume_order": lambda house: Call(house["grace"], _held(house)),
    "complete_order": lambda house: Call(house["kate"], V1),
    "complete_line": lambda house: Call(house["kate"], {**V1, "line_id": house.order.json["lines"][0]["id"]}),
    "revoke_order": lambda house: Call(house["grace"], {**V1, **REASON}),
    "show_bill": lambda house: Call(house["grace"], needs=house.order),
    # What measures.
    "list_models": lambda house: Call(house["grace"]),
    "show_model": lambda house: Call(house["grace"]),
    "ask_ready": lambda house: Call(house["grace"]),
    "measure_volume": _measured,
    # What can be ordered, and where it lies.
    "list_items": lambda house: Call(house["kate"]),
    "add_item": lambda house: Call(house["kate"], ITEM),
    "show_item": lambda house: Call(house["kate"]),
    "change_item": lambda house: Call(house["kate"], {**V1, "price_won": 400}),
    "list_sets": lambda house: Call(house["kate"], needs=house.id("set_id")),
    "add_set": lambda house: Call(house["kate"], SET),
    "show_set": lambda house: Call(house["kate"]),
    "change_set": lambda house: Call(house["kate"], {**V1, "name_en": "A cold"}),
    "list_shelves": lambda house: Call(house["kate"], needs=house.shelf),
    "show_shelf": lambda house: Call(house["kate"]),
    "list_movements": lambda house: Call(house["kate"]),
    "receive_stock": lambda house: Call(
        house["kate"], {"item": "gauze", "location": "ward-2", "quantity": 20}
    ),
    "issue_stock": lambda house: Call(house["kate"], {"quantity": 3, **REASON}),
    "adjust_stock": lambda house: Call(house["kate"], {"difference": -2, **REASON}),
    "count_stock": lambda house: Call(house["kate"], {"version": 2, "counted": 990, **REASON}),
    "set_reorder_point": lambda house: Call(house["kate"], {"version": 2, "point": 100}),
}
