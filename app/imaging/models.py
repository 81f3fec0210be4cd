"""Tables of imaging: studies with their series and instances, reports, what was refused. Patients by public ids."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.audit import ONLY_GROWS
from app.core.db import AsciiKey, BigId, Identified, Model, Projected, Sequenced, Versioned
from app.imaging.states import ReportStatus, StudyState


class Study(Sequenced, Model):
    """One examination (FHIR ImagingStudy); `said_…` is what its pictures say, the ids are whose it is."""

    __tablename__ = "imaging_study"
    __table_args__ = (
        Index("ix_imaging_study_patient", "patient_id", "received_at"),  # a patient's pictures
        Index("ix_imaging_study_order", "order_id"),  # the pictures of an order
        Index("ix_imaging_study_visit", "visit_id"),  # the newest of a visit, in the ward's row
        Index("ix_imaging_study_state", "state", "last_received_at"),  # what is to be analysed
        Index("ix_imaging_study_reported", "reported_at", "received_at"),  # what is to be read
        CheckConstraint(
            "state IN ('received','analysing','measured','not_analysable','failed')", name="state"
        ),
        CheckConstraint("(progress IS NOT NULL) = (state = 'analysing')", name="progress_while_analysing"),
        CheckConstraint("progress IS NULL OR progress BETWEEN 0 AND 100", name="progress"),
        CheckConstraint(
            "(reason IS NOT NULL) = (state IN ('not_analysable','failed'))", name="refused_has_reason"
        ),
        CheckConstraint("(patient_id IS NULL) = (unmatched IS NOT NULL)", name="unmatched_has_reason"),
        CheckConstraint("order_id IS NULL OR patient_id IS NOT NULL", name="order_has_patient"),
        CheckConstraint("visit_id IS NULL OR patient_id IS NOT NULL", name="visit_has_patient"),
        Model.__table_args__,
    )
    topic_kind = "study"

    study_instance_uid: Mapped[str] = mapped_column(AsciiKey(64), unique=True)
    patient_id: Mapped[UUID | None] = mapped_column(Uuid())
    visit_id: Mapped[UUID | None] = mapped_column(Uuid())
    order_id: Mapped[UUID | None] = mapped_column(Uuid())
    unmatched: Mapped[str | None] = mapped_column(AsciiKey(16))
    said_patient_id: Mapped[str] = mapped_column(String(64), default="")
    said_issuer: Mapped[str] = mapped_column(String(64), default="")
    accession_number: Mapped[str] = mapped_column(String(64), default="")
    modality: Mapped[str] = mapped_column(AsciiKey(16), default="")
    body_part: Mapped[str] = mapped_column(String(32), default="")
    description: Mapped[str] = mapped_column(String(64), default="")
    study_date: Mapped[date | None] = mapped_column(Date)
    state: Mapped[str] = mapped_column(AsciiKey(16), default=StudyState.RECEIVED)
    reason: Mapped[str | None] = mapped_column(String(300))
    progress: Mapped[int | None] = mapped_column(Integer)
    received_at: Mapped[datetime]
    last_received_at: Mapped[datetime]
    reported_at: Mapped[datetime | None]  # NULL: is to be read, for the first time or with what came since


class Series(Identified, Model):
    """One run of pictures of a study."""

    __tablename__ = "imaging_series"
    __table_args__ = (Model.__table_args__,)

    study_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("imaging_study.id"), index=True)
    series_instance_uid: Mapped[str] = mapped_column(AsciiKey(64), unique=True)
    modality: Mapped[str] = mapped_column(AsciiKey(16), default="")
    body_part: Mapped[str] = mapped_column(String(32), default="")
    description: Mapped[str] = mapped_column(String(64), default="")
    number: Mapped[int | None] = mapped_column(BigInteger)


class Instance(Identified, Model):
    """One file that was taken over; the archive named in `stored_in` gave it back byte by byte before it stood here."""

    __tablename__ = "imaging_instance"
    __table_args__ = (
        CheckConstraint("size_bytes > 0", name="size_bytes"),
        CheckConstraint("frames >= 0 AND pixel_rows >= 0 AND pixel_columns >= 0", name="shape"),
        CheckConstraint("(frames = 0) = (pixel_sha256 IS NULL)", name="frames_have_pixels"),
        Model.__table_args__,
    )

    series_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("imaging_series.id"), index=True)
    sop_instance_uid: Mapped[str] = mapped_column(AsciiKey(64), unique=True)
    sop_class_uid: Mapped[str] = mapped_column(AsciiKey(64))
    number: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(AsciiKey(64), unique=True)
    pixel_sha256: Mapped[str | None] = mapped_column(AsciiKey(64))  # as written down; NULL: a document
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    transfer_syntax: Mapped[str] = mapped_column(AsciiKey(64))
    frames: Mapped[int] = mapped_column(Integer)
    pixel_rows: Mapped[int] = mapped_column(Integer)
    pixel_columns: Mapped[int] = mapped_column(Integer)
    stored_in: Mapped[str] = mapped_column(AsciiKey(16))
    source: Mapped[str] = mapped_column(AsciiKey(16))
    received_at: Mapped[datetime]


class InferenceResult(Projected, Model):
    """What a model said of one series as its pictures were then; said once, however often it is asked.

    `idempotency_key`: over the pictures' bytes and the model's. What pictures that came later have outdated is kept,
    and no longer `is_current`. A refusal is an answer without measures: not analysable is not normal.
    """

    __tablename__ = "imaging_result"
    __table_args__ = (
        Index("ix_imaging_result_study", "study_id", "is_current"),  # what a study's page shows
        CheckConstraint("seg_sop_uid IS NULL OR refusal IS NULL", name="refusal_has_no_seg"),
        CheckConstraint("sr_sop_uid IS NULL OR refusal IS NULL", name="refusal_has_no_sr"),
        CheckConstraint("input_sha256 IS NOT NULL OR refusal IS NOT NULL", name="measured_has_input"),
        Model.__table_args__,
    )
    topic_kind = "result"
    projected = frozenset({"is_current", "is_shadow"})

    study_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("imaging_study.id"))
    series_instance_uid: Mapped[str] = mapped_column(
        AsciiKey(64), ForeignKey("imaging_series.series_instance_uid"), index=True
    )
    idempotency_key: Mapped[str] = mapped_column(AsciiKey(64), unique=True)
    model_id: Mapped[str] = mapped_column(AsciiKey(64))
    model_version: Mapped[str] = mapped_column(AsciiKey(64))
    model_sha256: Mapped[str] = mapped_column(AsciiKey(64))
    is_shadow: Mapped[bool]  # asked beside the one that answers; shown to nobody who treats
    is_current: Mapped[bool]
    measures: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    regions: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    refusal: Mapped[str | None] = mapped_column(AsciiKey(32))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    input_sha256: Mapped[str | None] = mapped_column(AsciiKey(64))  # NULL: they make no volume
    result_sha256: Mapped[str] = mapped_column(AsciiKey(64))
    seg_sop_uid: Mapped[str | None] = mapped_column(AsciiKey(64))
    sr_sop_uid: Mapped[str | None] = mapped_column(AsciiKey(64))
    at: Mapped[datetime]


class Report(Sequenced, Versioned, Model):
    """What a study was found to show (FHIR DiagnosticReport): one text, by several hands, signed by one.

    While `preliminary` it is its writers' own; what was signed stands in `SignedText` as well, and stays there.
    """

    __tablename__ = "imaging_report"
    __table_args__ = (
        Index("ix_imaging_report_signed", "signed_at"),  # what was signed today
        CheckConstraint("status IN ('preliminary','final','amended')", name="status"),
        CheckConstraint("(status = 'preliminary') = (signed_at IS NULL)", name="signed"),
        CheckConstraint("length(text) > 0", name="text"),
        Model.__table_args__,
    )
    topic_kind = "report"

    study_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("imaging_study.id"), unique=True)
    text: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(AsciiKey(12), default=ReportStatus.PRELIMINARY)
    author: Mapped[UUID | None] = mapped_column(Uuid())  # who wrote last
    author_name: Mapped[str] = mapped_column(String(100), default="")
    signed_by: Mapped[UUID | None] = mapped_column(Uuid())
    signed_by_name: Mapped[str] = mapped_column(String(100), default="")
    signed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SignedText(Model):
    """A text as it was signed, by whom, and why it was changed once more; only ever added."""

    __tablename__ = "imaging_report_text"
    __table_args__ = (
        UniqueConstraint("report_id", "number"),
        CheckConstraint("status IN ('final','amended')", name="status"),
        CheckConstraint("(number = 1) = (status = 'final')", name="first_is_final"),
        CheckConstraint("(reason IS NOT NULL) = (status = 'amended')", name="amended_has_reason"),
        {**Model.__table_args__, "info": ONLY_GROWS},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    report_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("imaging_report.id"))
    number: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(AsciiKey(12))
    text: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(String(300))
    signed_by: Mapped[UUID | None] = mapped_column(Uuid())
    signed_by_name: Mapped[str] = mapped_column(String(100))
    signed_at: Mapped[datetime]


class QuarantinedFile(Identified, Model):
    """A file that was not taken over, kept under its sha256 in `var/quarantine`, with the reason."""

    __tablename__ = "imaging_quarantine"
    __table_args__ = (
        Index("ix_imaging_quarantine_at", "at"),  # the newest first
        CheckConstraint("length(sentence) > 0", name="sentence"),
        Model.__table_args__,
    )

    sha256: Mapped[str] = mapped_column(AsciiKey(64), unique=True)
    reason: Mapped[str] = mapped_column(AsciiKey(24))
    sentence: Mapped[str] = mapped_column(String(300))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(AsciiKey(16))
    name: Mapped[str] = mapped_column(String(120), default="")
    sop_instance_uid: Mapped[str | None] = mapped_column(AsciiKey(64))
    at: Mapped[datetime]


class ArchiveFeed(Model):
    """How far an archive's list of changes was read."""

    __tablename__ = "imaging_feed"

    name: Mapped[str] = mapped_column(AsciiKey(16), primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger, default=0)
    at: Mapped[datetime]
