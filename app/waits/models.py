"""Tables of the forecast: the plan of staff, the pace of service, what was told, and how far off that was."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import AsciiKey, BigId, Model, Versioned


class ShiftPlan(Versioned, Model):
    """The plan of one queue as its administrator edits it: one version for the whole week and its exceptions."""

    __tablename__ = "shift_plan"
    __table_args__ = (Model.__table_args__,)

    queue_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("queue.id"), primary_key=True, autoincrement=False
    )


class ShiftRow(Model):
    """So many people at work between two times of a weekday, or of one date, which beats its weekday."""

    __tablename__ = "shift"
    __table_args__ = (
        Index("ix_shift_queue", "queue_id"),
        CheckConstraint("(weekday IS NULL) <> (on_date IS NULL)", name="day"),
        CheckConstraint("begins >= 0 AND ends > begins AND staff >= 0", name="times"),
        Model.__table_args__,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    queue_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("queue.id"))
    weekday: Mapped[int | None] = mapped_column(SmallInteger)  # 0 is Monday
    on_date: Mapped[date | None] = mapped_column(Date)
    # Minutes of the day on the hospital's wall; past 1440 it is the next morning.
    begins: Mapped[int] = mapped_column(SmallInteger)
    ends: Mapped[int] = mapped_column(SmallInteger)
    staff: Mapped[int] = mapped_column(SmallInteger)  # patients served at once


class ServiceTime(Model):
    """How long a service lasts in one queue, as a moving mean: over the weeks, and since this morning."""

    __tablename__ = "service_time"
    __table_args__ = (Model.__table_args__,)

    queue_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("queue.id"), primary_key=True, autoincrement=False
    )
    long_seconds: Mapped[float] = mapped_column(Double())
    long_count: Mapped[int] = mapped_column(Integer)
    day: Mapped[date] = mapped_column(Date)
    day_seconds: Mapped[float] = mapped_column(Double())
    day_count: Mapped[int] = mapped_column(Integer)


class WaitForecast(Model):
    """What was told about one entry, from what, and when it was called; only ever added and closed.

    No foreign keys: their checks would lock queues and entries, which nurses hold, whenever the clock logs.
    """

    __tablename__ = "wait_forecast"
    __table_args__ = (
        Index("ix_wait_forecast_queue", "queue_id", "made_at"),  # the nightly calibration, the report
        Index("ix_wait_forecast_entry", "entry_id"),  # closing at the call; what was told last
        Index("ix_wait_forecast_made", "made_at"),  # the purge
        CheckConstraint("occasion IN ('join','call','change')", name="occasion"),
        Model.__table_args__,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    entry_id: Mapped[int] = mapped_column(BigInteger)
    # An entry's version rises when it is held, moved or given another class: then the forecast was for another place.
    entry_version: Mapped[int] = mapped_column(Integer)
    queue_id: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime]
    occasion: Mapped[str] = mapped_column(AsciiKey(8))
    model: Mapped[str] = mapped_column(AsciiKey(16))
    eta_seconds: Mapped[float | None] = mapped_column(Double())
    low_minutes: Mapped[int | None] = mapped_column(Integer)
    high_minutes: Mapped[int | None] = mapped_column(Integer)
    inputs: Mapped[dict[str, Any]] = mapped_column(JSON)
    called_at: Mapped[datetime | None]  # the actual wait is called_at - made_at
    is_clean: Mapped[bool] = mapped_column(Boolean, default=True)


class WaitCalibration(Model):
    """How far off the forecasts of the last days were, by bucket of eta, in seconds of (actual - eta)."""

    __tablename__ = "wait_calibration"
    __table_args__ = (Model.__table_args__,)

    queue_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("queue.id"), primary_key=True, autoincrement=False
    )
    bucket: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    low: Mapped[float] = mapped_column(Double())
    mid: Mapped[float] = mapped_column(Double())
    high: Mapped[float] = mapped_column(Double())
    count: Mapped[int] = mapped_column(Integer)
    day: Mapped[date] = mapped_column(Date)
