"""The ways into the house, whose each leads to, and where a service is narrower than the mark of its route."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from flask import Flask
from werkzeug.routing import Rule

from app.accounts.roles import DRIVERS, EVERYBODY, WARD_READERS, Role
from app.door.rights import PUBLIC, permission_of

QUIET = frozenset({"HEAD", "OPTIONS"})
API = "/api/v1"
# Arguments that lead to what belongs to a ward or a person: asked for twice, here and next door.
OWNED = frozenset(
    {"queue_id", "visit_id", "entry_id", "patient_id", "point_id", "alert_id"}
    | {"allergy_id", "flag_id", "contact_id", "identifier_id", "order_id", "study_id"}
)
# Arguments that lead to what is the whole house's, or is opened by knowing it.
OF_THE_HOUSE = frozenset(
    {"code", "filename", "kind", "name", "secret", "tag_id", "target", "token", "conflict_id", "device_id"}
    | {"floor_id", "merge_id", "session_id", "staff_id", "item_id", "set_id", "stock_id", "line_id", "act"}
    | {"asked", "file_id", "model_id", "series", "instance", "number"}
)
CASHIER = frozenset({Role.CASHIER})
# Where a service is narrower than the mark of its route: these are out there, hidden or refused.
NARROWER: tuple[tuple[str, frozenset[Role]], ...] = (
    # The pages of the phone's own visit: who holds none is not signed in there.
    (r"^(GET|DELETE) /me|^POST /me/(cancel|go-home|leave|messages|register)$", EVERYBODY - {Role.PATIENT}),
    (r"^POST /login/(pin|unlock)$", EVERYBODY),  # the password was not given
    (r"/alerts/<", frozenset({Role.DESK})),  # answered at the ward, or at the reception
    (r"^GET /api/v1/catalogue", frozenset({Role.PATIENT, Role.DESK, Role.AUDITOR})),
    # Nobody here is about to pay, or has paid today.
    (r"^GET .*/(visits|orders)/<|^POST /api/.*/(cancel|hold|leave|re-enter|resume|join)$", CASHIER),
    (r"/orders/<[^>]+>/(hold|resume)$", CASHIER),
    (r"/orders/<[^>]+>/(hold|resume)$", frozenset({Role.RADIOLOGY, Role.CHARGE_NURSE})),
    (r"/notes/<.*medical", frozenset({Role.NURSE, Role.CHARGE_NURSE})),  # asked for the physicians' one
    (r"/(patients|encounters)/<", frozenset({Role.RADIOLOGY})),  # only in an emergency
    (r"/unmatched/<[^/]*$", frozenset({Role.RADIOLOGY, Role.TECHNICIAN})),  # this study has its patient
    (r"/quick/<.*<series>", WARD_READERS | {Role.RADIOLOGY}),  # no picture has this number
)
# Where the owner does not matter: numbers on a board, and what somebody remembers for the own session.
WIDER: tuple[tuple[str, frozenset[Role]], ...] = (
    (r"^GET /api/v1/queue/<", frozenset({Role.PATIENT})),
    (r"/my-room$", DRIVERS),
    (r"/(radiology|viewer/quick)/<", frozenset({Role.RADIOLOGY})),  # reads every study of the house
    (r"/unmatched/<.*/link$", frozenset({Role.RADIOLOGY, Role.TECHNICIAN})),
)
# The form is read before it is looked whose it is: then nothing is shown but what the form lacks.
FORM_FIRST = r"^POST /api/v1/orders/<|^POST /(api/v1/)?orders/visits/<"
# What ends a session, asked for when all else has been.
LAST = (
    "login.lock",
    "login.sign_out",
    "phone.sign_out",
    "api.logout",
    "login.enter_staff",
    "login.pair_device",
)

IN, HIDDEN, REFUSED, STRANGER, OUT = "in", "hidden", "refused", "stranger", "out"


@dataclass(frozen=True, slots=True)
class Way:
    """A route by one method; `next_door`: with the objects of another ward, else with the own ones."""

    method: str
    rule: Rule
    wanted: str
    next_door: bool = False

    @property
    def name(self) -> str:
        """Return what the tables call it."""
        return f"{self.method} {self.rule.rule}"

    @property
    def is_owned(self) -> bool:
        """Whether it leads to what is a ward's or a person's."""
        return bool(OWNED & self.rule.arguments)


def is_listed(way: Way, role: str, lines: tuple[tuple[str, frozenset[Role]], ...]) -> bool:
    """Whether one of these lines speaks of a role at a way."""
    return any(role in roles and re.search(where, way.name) for where, roles in lines)


def ways(app: Flask) -> Iterator[Way]:
    """Yield every way in by HTTP, those that end a session last; sockets have a table of their own."""
    rules = [rule for rule in app.url_map.iter_rules() if not rule.websocket]
    for rule in sorted(rules, key=lambda one: (one.endpoint in LAST, one.rule)):
        for method in sorted((rule.methods or set()) - QUIET):
            way = Way(method, rule, str(permission_of(app, rule.endpoint) or ""))
            yield way
            if way.is_owned and way.wanted != PUBLIC:
                yield replace(way, next_door=True)
