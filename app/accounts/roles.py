"""Roles and rights: one table, one pure function. Whatever it does not name is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.core.actor import Actor
from app.core.errors import NotAllowedError, NotFoundError


class Role(StrEnum):
    """Who somebody is to the house."""

    ANONYMOUS = "anonymous"
    PATIENT = "patient"
    KIOSK = "kiosk"
    BOARD = "board"
    DESK = "desk"
    NURSE = "nurse"
    CHARGE_NURSE = "charge_nurse"
    DOCTOR = "doctor"
    TECHNICIAN = "technician"
    RADIOLOGY = "radiology"
    PHARMACY = "pharmacy"
    CASHIER = "cashier"
    ADMIN = "admin"
    AUDITOR = "auditor"
    SYSTEM = "system"
    EMR = "emr"


STAFF_ROLES = frozenset(Role) - {
    Role.ANONYMOUS,
    Role.PATIENT,
    Role.KIOSK,
    Role.BOARD,
    Role.SYSTEM,
    Role.EMR,
}
DRIVERS = frozenset({Role.NURSE, Role.CHARGE_NURSE, Role.DOCTOR, Role.TECHNICIAN, Role.RADIOLOGY})
# Who reads the records of the own unit's patients, because they work with them.
WARD_READERS = frozenset({Role.NURSE, Role.CHARGE_NURSE, Role.DOCTOR})
SITE_WIDE = frozenset(
    {Role.KIOSK, Role.DESK, Role.CASHIER, Role.PHARMACY, Role.ADMIN, Role.AUDITOR, Role.SYSTEM, Role.EMR}
)


class Permission(StrEnum):
    """What may be done; the name is what the audit and the refusal say."""

    SEE_PLACE = "site:place:read"
    SEE_BOARD = "board:numbers:read"
    SEE_QUEUE = "ward:queue:read"
    DRIVE_QUEUE = "ward:queue:drive"
    UNDO = "journey:visit:undo"
    UNDO_OTHERS = "journey:visit:undo-others"
    VOID_VISIT = "journey:visit:void"
    SEE_VISIT = "journey:visit:read"
    GUIDE_OWN_VISIT = "journey:visit:guide"
    REGISTER_VISIT = "journey:visit:register"
    BOOK_VISIT = "journey:visit:book"
    CANCEL_VISIT = "journey:visit:cancel"
    ADD_STEP = "journey:step:add"
    REVOKE_STEP = "journey:step:revoke"
    PAY_VISIT = "journey:visit:pay"
    SEE_ORDERS = "orders:order:read"
    CREATE_ORDER = "orders:order:create"
    FULFIL_ORDER = "orders:order:fulfil"
    MANAGE_STOCK = "orders:stock:manage"
    MANAGE_CATALOGUE = "orders:catalogue:manage"
    UPLOAD_IMAGES = "imaging:study:upload"
    SEE_IMAGES = "imaging:study:read"
    WRITE_REPORT = "imaging:report:write"
    SEE_MODELS = "imaging:model:read"
    USE_MODELS = "imaging:model:use"
    SEE_PATIENT = "emr:patient:read"
    EDIT_DEMOGRAPHICS = "emr:patient:write"
    MERGE_PATIENTS = "emr:patient:merge"
    SEE_CLINICAL = "emr:clinical:read"
    WRITE_CLINICAL = "emr:clinical:write"
    OPEN_EMERGENCY = "emr:patient:emergency"
    MANAGE_USERS = "admin:users:manage"
    MANAGE_DEVICES = "admin:devices:manage"
    MANAGE_TAGS = "admin:tags:manage"
    MANAGE_MAPS = "admin:maps:manage"
    MANAGE_QUEUES = "admin:queues:manage"
    MANAGE_OUTBOX = "admin:outbox:manage"
    SUPPORT_PHI = "phi:support"
    SEE_ALERTS = "alerts:alert:read"
    ANSWER_ALERTS = "alerts:alert:answer"
    SEE_STATISTICS = "stats:figures:read"
    SEE_AUDIT = "audit:log:read"
    SIGNED_IN = "accounts:session:own"
    LOCK_SCREEN = "accounts:screen:own"


PATIENT_SIDE = frozenset({Role.PATIENT, Role.KIOSK, Role.DESK})
EVERYBODY = frozenset(Role)

POLICY: Mapping[Permission, frozenset[Role]] = {
    Permission.SEE_PLACE: EVERYBODY,
    Permission.SEE_BOARD: EVERYBODY,
    Permission.SEE_QUEUE: DRIVERS | {Role.DESK},
    # The system: calls and pauses whose time is over, rooms that open again, the day that closes.
    Permission.DRIVE_QUEUE: DRIVERS | {Role.SYSTEM},
    Permission.UNDO: DRIVERS | {Role.DESK, Role.CASHIER},
    Permission.UNDO_OTHERS: frozenset({Role.CHARGE_NURSE}),
    Permission.VOID_VISIT: frozenset({Role.CHARGE_NURSE, Role.SYSTEM}),
    Permission.SEE_VISIT: DRIVERS | PATIENT_SIDE | {Role.CASHIER},
    Permission.GUIDE_OWN_VISIT: PATIENT_SIDE | {Role.EMR, Role.SYSTEM},
    Permission.REGISTER_VISIT: PATIENT_SIDE | {Role.EMR},
    Permission.BOOK_VISIT: frozenset({Role.DESK, Role.EMR, Role.SYSTEM}),
    # The EMR: an appointment that is called off there, while the patient waits here (V17).
    Permission.CANCEL_VISIT: DRIVERS | {Role.SYSTEM, Role.EMR},
    Permission.ADD_STEP: frozenset({Role.DOCTOR, Role.EMR}),
    Permission.REVOKE_STEP: frozenset({Role.EMR}),
    Permission.PAY_VISIT: frozenset({Role.CASHIER, Role.EMR}),
    # The cashier sees amounts and what they are for.
    Permission.SEE_ORDERS: DRIVERS | {Role.PHARMACY, Role.CASHIER},
    Permission.CREATE_ORDER: frozenset({Role.DOCTOR}),
    Permission.FULFIL_ORDER: frozenset({Role.NURSE, Role.TECHNICIAN, Role.PHARMACY}),
    # The system: the demo's shelves and catalogue, filled at the machine itself.
    Permission.MANAGE_STOCK: frozenset({Role.PHARMACY, Role.SYSTEM}),
    Permission.MANAGE_CATALOGUE: frozenset({Role.ADMIN, Role.PHARMACY, Role.SYSTEM}),
    # The system: a folder taken over at the machine itself, and what an archive beside us has received.
    Permission.UPLOAD_IMAGES: frozenset({Role.TECHNICIAN, Role.RADIOLOGY, Role.SYSTEM}),
    Permission.WRITE_REPORT: frozenset({Role.RADIOLOGY}),
    # Whose: the record's own rule, and radiology every study (`app.boards.queries.pictures`).
    Permission.SEE_IMAGES: WARD_READERS | {Role.RADIOLOGY},
    Permission.SEE_MODELS: frozenset({Role.DOCTOR, Role.RADIOLOGY, Role.TECHNICIAN, Role.ADMIN}),
    # Whoever answers for what is done with a measurement; another house that measures here signs in as radiology.
    Permission.USE_MODELS: frozenset({Role.DOCTOR, Role.RADIOLOGY}),
    # Radiology: a record that it has opened in an emergency, and no other (`app.emr.queries.relations`).
    Permission.SEE_PATIENT: WARD_READERS | {Role.RADIOLOGY, Role.DESK},
    Permission.EDIT_DEMOGRAPHICS: frozenset({Role.DOCTOR, Role.DESK, Role.EMR}),
    Permission.MERGE_PATIENTS: frozenset({Role.DESK, Role.EMR}),
    # Notes, allergies, flags: the reception does its work without them. Which note is whose, `app.emr.rules` says.
    Permission.SEE_CLINICAL: WARD_READERS | {Role.RADIOLOGY},
    Permission.WRITE_CLINICAL: WARD_READERS,
    # A record of another unit, for an hour, with a reason that the charge nurses read.
    Permission.OPEN_EMERGENCY: WARD_READERS | {Role.RADIOLOGY},
    # The system: commands at the machine itself (`flask users`, `flask devices`, `flask tags`, the demo).
    Permission.MANAGE_USERS: frozenset({Role.ADMIN, Role.SYSTEM}),
    Permission.MANAGE_DEVICES: frozenset({Role.ADMIN, Role.SYSTEM}),
    Permission.MANAGE_TAGS: frozenset({Role.ADMIN, Role.SYSTEM}),
    Permission.MANAGE_MAPS: frozenset({Role.ADMIN}),
    Permission.MANAGE_QUEUES: frozenset({Role.ADMIN}),
    Permission.MANAGE_OUTBOX: frozenset({Role.ADMIN, Role.SYSTEM}),
    # One message, opened with a reason that stands in the audit; lists and diffs stay masked.
    Permission.SUPPORT_PHI: frozenset({Role.ADMIN}),
    # Which of them answers which alert, the table of `app.alerts.rules` says.
    Permission.SEE_ALERTS: DRIVERS | {Role.DESK},
    Permission.ANSWER_ALERTS: DRIVERS | {Role.DESK},
    Permission.SEE_STATISTICS: frozenset({Role.CHARGE_NURSE, Role.DOCTOR, Role.ADMIN, Role.AUDITOR}),
    Permission.SEE_AUDIT: frozenset({Role.AUDITOR}),
    Permission.SIGNED_IN: EVERYBODY - {Role.ANONYMOUS},
    Permission.LOCK_SCREEN: STAFF_ROLES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the policy looks at besides the actor: the object's unit and the visit it belongs to."""

    unit: UUID | None = None
    visit: UUID | None = None
    treating: bool = False


NO_FACTS = Facts()


def may(actor: Actor, permission: Permission, facts: Facts = NO_FACTS) -> bool:
    """Decide, purely: the role must be in the table, and an object that has an owner must be the actor's own.

    Staff of a unit own what stands in their unit (a doctor also whom they treat); a patient and the kiosk own
    the visit of the person in front; site-wide roles own every unit's.
    """
    role = Role(actor.role)
    if role not in POLICY[permission]:
        return False
    if role in {Role.PATIENT, Role.KIOSK} and facts.visit is not None:
        return actor.visit_id == facts.visit
    if role in SITE_WIDE or facts.unit is None:
        return True
    return facts.unit in actor.units or (role is Role.DOCTOR and facts.treating)


def require(actor: Actor, permission: Permission, facts: Facts = NO_FACTS) -> None:
    """Raise NotAllowedError for a missing right, NotFoundError for somebody else's object (never 403)."""
    if may(actor, permission, facts):
        return
    if may(actor, permission):
        raise NotFoundError
    raise NotAllowedError(permission=str(permission))
