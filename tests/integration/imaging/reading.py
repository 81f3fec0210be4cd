"""Studies to be read, and who reads them."""

from datetime import date
from uuid import UUID, uuid4

from pydicom.uid import generate_uid
from sqlalchemy import select

from app.core import clock
from app.core.actor import SYSTEM, Actor
from app.core.db import db
from app.core.transaction import release, transactional
from app.emr import services as emr
from app.imaging.models import Instance, Report, Series, SignedText, Study
from app.imaging.rules import accession_number
from app.orders import services as orders
from app.orders.models import CatalogueItem
from app.orders.services import ItemWords, Wanted
from tests.hospital import Hospital

NORA = Actor(kind="staff", role="radiology", id=uuid4(), name="Nora")
OTTO = Actor(kind="staff", role="radiology", id=uuid4(), name="Otto")
HEAD = ItemWords(category="imaging", name_ko="두부 CT", name_en="Head CT", price_won=120_000)


def patient(name: str = "김판독") -> UUID:
    """Enter a patient."""
    return emr.enter_patient(name=name, birth_date=date(1953, 4, 12), phone=None, by=SYSTEM)


def ordered(hospital: Hospital, of: UUID, *, note: str = "", priority: str = "routine") -> UUID:
    """Let the ward's doctor order a head CT in a visit of the patient's."""
    if not orders_has("head-ct"):
        orders.add_item("head-ct", HEAD, by=SYSTEM)
    placed = orders.place(
        patient_id=of,
        visit_id=uuid4(),
        unit=hospital.ward,
        items=[Wanted("head-ct")],
        priority=priority,
        note=note,
        by=hospital.cast.grace,
    )
    return placed.order_id


def orders_has(code: str) -> bool:
    """Whether the catalogue has an item already."""
    found = db.session.execute(
        select(CatalogueItem.id).where(CatalogueItem.code == code)
    ).scalar_one_or_none()
    release()
    return found is not None


@transactional
def came_in(of: UUID | None = None, order: UUID | None = None, *, modality: str = "CT") -> UUID:
    """Let a study of one picture stand there as the intake leaves it."""
    now = clock.utcnow()
    row = Study(
        study_instance_uid=generate_uid(),
        patient_id=of,
        order_id=order,
        unmatched=None if of else "no-patient",
        accession_number=accession_number(order) if order else "",
        modality=modality,
        body_part="HEAD",
        description="Brain without contrast",
        received_at=now,
        last_received_at=now,
    )
    db.session.add(row)
    db.session.flush()
    series = Series(study_id=row.id, series_instance_uid=generate_uid(), modality=modality, number=1)
    db.session.add(series)
    db.session.flush()
    db.session.add(
        Instance(
            series_id=series.id,
            sop_instance_uid=generate_uid(),
            sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
            number=1,
            sha256=uuid4().hex * 2,
            pixel_sha256=uuid4().hex * 2,
            size_bytes=1000,
            transfer_syntax="1.2.840.10008.1.2.1",
            frames=1,
            pixel_rows=16,
            pixel_columns=16,
            stored_in="files",
            source="test",
            received_at=now,
        )
    )
    return row.public_id


def trail(study_id: UUID) -> list[tuple[int, str, str, str | None, str]]:
    """Return what was ever signed of a study: number, status, text, reason, by whom."""
    rows = db.session.execute(
        select(SignedText)
        .join(Report, Report.id == SignedText.report_id)
        .join(Study, Study.id == Report.study_id)
        .where(Study.public_id == study_id)
        .order_by(SignedText.number)
    ).scalars()
    found = [(row.number, row.status, row.text, row.reason, row.signed_by_name) for row in rows]
    release()
    return found
