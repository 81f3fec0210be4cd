"""What the EMR says of patients and appointments: our rows follow it, and nothing moves where nothing is new."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select

from app import settings
from app.accounts.roles import Permission, require
from app.core import audit, clock
from app.core.actor import Actor
from app.core.db import db
from app.core.locking import hold
from app.core.transaction import promise, transactional
from app.emr.models import Appointment, Patient
from app.emr.rules import phone_of
from app.emr.services.merging import Trail, note_in_trail, open_trail, part
from app.emr.services.people import checked_birth, checked_name, hash_phone
from app.emr.services.versions import keep

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A person as the EMR knows it; `phone` None: the EMR says none, which takes none away."""

    name: str
    birth_date: date
    gender: str | None = None
    phone: str | None = None
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidBooking:
    """A booking as the EMR knows it; `status` in FHIR's words for what we keep, `planned` None: as it was."""

    starts_at: datetime
    planned: tuple[str, ...] | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Whether anything was new, and the merge that this has undone: higher storeys bring back what is theirs."""

    is_news: bool
    parted: Trail | None = None


@transactional
def follow_patient(patient_id: UUID, said: Said, *, by: Actor) -> Followed:
    """Let name, birth date, gender, phone and activity be what the EMR says.

    A record that is active again is nobody's duplicate any more, and has back what had gone over
    of what is known; whose a booking is, the EMR says with the booking.
    """
    require(by, Permission.EDIT_DEMOGRAPHICS)
    patient = hold(Patient, patient_id)
    trail = open_trail(patient.id) if said.is_active and patient.replaced_by_id is not None else None
    parted = part(trail, reason="", takes_bookings=False, by=by) if trail is not None else None
    told: dict[str, object] = {
        "name": checked_name(said.name),
        "birth_date": checked_birth(said.birth_date),
        "gender": _gender(patient.gender, said.gender),
        "is_active": said.is_active,
    }
    if said.is_active:
        told["replaced_by_id"] = None
    if said.phone:
        e164 = phone_of(said.phone)
        told |= {"phone_hash": hash_phone(e164), "phone_last4": e164[-4:]}
    news = {name: value for name, value in told.items() if getattr(patient, name) != value}
    if not news:
        return Followed(is_news=parted is not None, parted=parted)
    for name, value in news.items():
        setattr(patient, name, value)
    patient.version += 1
    promise(patient, "patient.edited")
    keep(patient, by=by)
    audit.record("emr:patient:follow", by=by, patients=[patient_id], details={"fields": sorted(news)})
    return Followed(is_news=True, parted=parted)


@transactional
def follow_appointment(appointment_id: UUID, said: SaidBooking, *, by: Actor) -> bool:
    """Let time, plan and status of a booking be what the EMR says; False where they are."""
    require(by, Permission.BOOK_VISIT)
    appointment = hold(Appointment, appointment_id)
    now = settings.current()
    # Partners count in seconds: our own booking that comes back is no other time.
    is_same = said.starts_at.replace(microsecond=0) == appointment.starts_at.replace(microsecond=0)
    starts_at = appointment.starts_at if is_same else said.starts_at
    told: dict[str, object] = {
        "starts_at": starts_at,
        "business_date": clock.business_date(starts_at, now.site_timezone, now.business_day_start),
        "planned": appointment.planned if said.planned is None else [*said.planned],
        "status": said.status,
    }
    news = {name: value for name, value in told.items() if getattr(appointment, name) != value}
    if not news:
        return False
    for name, value in news.items():
        setattr(appointment, name, value)
    appointment.version += 1
    patient = db.session.execute(
        select(Patient.public_id).where(Patient.id == appointment.patient_id)
    ).scalar_one()
    audit.record(
        "emr:appointment:follow",
        by=by,
        patients=[patient],
        object_=f"appointment:{appointment_id}",
        details={"fields": sorted(news)},
    )
    return True


@transactional
def hand_over_appointments(patient_id: UUID, *, into: UUID, by: Actor) -> int:
    """Give a duplicate's bookings of today and later to the record that lives on; return how many.

    The trail of the merge names them.
    """
    require(by, Permission.BOOK_VISIT)
    owners = dict(
        db.session.execute(
            select(Patient.public_id, Patient.id).where(Patient.public_id.in_([patient_id, into]))
        ).all()
    )
    rows = db.session.execute(
        select(Appointment)
        .where(
            Appointment.patient_id == owners[patient_id],
            Appointment.status == "booked",
            Appointment.business_date >= clock.today(),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    moved = []
    for row in rows:
        row.patient_id = owners[into]
        row.version += 1
        moved.append(row.public_id)
    note_in_trail(patient_id, Appointment.__tablename__, tuple(moved))
    return len(moved)


def _gender(ours: str | None, theirs: str | None) -> str | None:
    """Return the gender to keep: theirs where they say one; nobody asked here and unknown there is the same."""
    return ours if theirs is None or (theirs == UNKNOWN and ours is None) else theirs
