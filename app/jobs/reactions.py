"""What is done, at once and in this process, when something has happened."""

import structlog

from app.accounts import services as accounts
from app.accounts.events import IdentificationPaused
from app.alerts.events import AlertRaised
from app.core.events import Event, Promised
from app.core.jobs import delivering, enqueue_soon
from app.core.observability import metrics
from app.core.outbox import consumers_of
from app.imaging.events import AnalysisStarted, StudyAnalysed
from app.journey import services as journey
from app.journey.events import PatientCalled, VisitFinished

log = structlog.get_logger(__name__)


def count_call(event: Event) -> None:
    """Count a call, for the operators' page."""
    if isinstance(event, PatientCalled):
        metrics.CALLS.inc()
        log.info("patient_called", visit_id=str(event.visit_id), call_id=str(event.call_id))


def count_alert(event: Event) -> None:
    """Count an alert by its kind: a kind that is raised often and acted on seldom is noise."""
    if isinstance(event, AlertRaised):
        metrics.ALERTS.labels(event.kind).inc()


def let_sessions_of_visit_end(event: Event) -> None:
    """Let what phones hold of a finished visit run out, once its patient has read the way home."""
    if isinstance(event, VisitFinished):
        accounts.let_sessions_of_visit_end(event.visit_id)


def warn_operators(event: Event) -> None:
    """Say that too many patients failed to identify: somebody may be guessing."""
    if isinstance(event, IdentificationPaused):
        log.warning("identification_paused")


def count_study(event: Event) -> None:
    """Count an answer about a study, by what it is."""
    if isinstance(event, StudyAnalysed):
        metrics.STUDIES.labels(event.kind).inc()


def repaint_ward(event: Event) -> None:
    """Let the ward's row of a patient show how far the pictures have come; a reload would show it too."""
    if isinstance(event, AnalysisStarted | StudyAnalysed) and event.visit_id is not None:
        journey.show_visit_anew(event.visit_id)


def wake_relay(event: Event) -> None:
    """Wake a worker for each consumer of what was promised; where none wakes, the clock sees to it within 5 s."""
    if isinstance(event, Promised):
        for consumer in consumers_of(event.kind):
            enqueue_soon(delivering(consumer), consumer)
