"""What may be read of waits: what to tell now, how good what was told has been, who is planned to be at work."""

from app.waits.queries.changes import Change, bounds, changes
from app.waits.queries.outlooks import Outlook, Place, lines, newcomer_seconds, outlook
from app.waits.queries.reports import (
    BUSY_SECONDS,
    REPORT_DAYS,
    Measured,
    QueueReport,
    Told,
    measured,
    report,
    told_between,
)
from app.waits.queries.shifts import Plan, plan, unplanned
from app.waits.queries.situations import (
    MODEL,
    Forecast,
    Situation,
    Why,
    replayed,
    situation_before,
    situations,
)

__all__ = [
    "BUSY_SECONDS",
    "MODEL",
    "REPORT_DAYS",
    "Change",
    "Forecast",
    "Measured",
    "Outlook",
    "Place",
    "Plan",
    "QueueReport",
    "Situation",
    "Told",
    "Why",
    "bounds",
    "changes",
    "lines",
    "measured",
    "newcomer_seconds",
    "outlook",
    "plan",
    "replayed",
    "report",
    "situation_before",
    "situations",
    "told_between",
    "unplanned",
]
