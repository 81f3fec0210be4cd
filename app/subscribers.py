"""Reactions: what follows from what, on one page. No logic here: a reaction is a function of a door."""

from app.accounts.events import IdentificationPaused, ScreensCovered, ScreensOpened, SessionsEnded
from app.alerts.events import AlertRaised
from app.core.events import Event, Moved, Promised, Reaction
from app.imaging.events import (
    AnalysisStarted,
    FileQuarantined,
    ReportSaved,
    ReportSigned,
    StudyAnalysed,
    StudyReceived,
)
from app.jobs import reactions
from app.journey.events import PatientCalled, VisitArrived, VisitFinished
from app.live import push
from app.orders.events import OrderMoved, OrderPlaced, StockLowered

REACTIONS: dict[type[Event], tuple[Reaction, ...]] = {
    Moved: (push.moved,),
    Promised: (reactions.wake_relay,),
    SessionsEnded: (push.sessions_changed,),
    ScreensCovered: (push.sessions_changed,),
    ScreensOpened: (push.sessions_changed,),
    IdentificationPaused: (reactions.warn_operators,),
    VisitArrived: (),
    PatientCalled: (reactions.count_call,),
    AlertRaised: (reactions.count_alert,),
    OrderPlaced: (push.orders_moved,),
    OrderMoved: (push.orders_moved,),
    StockLowered: (),
    StudyReceived: (),
    AnalysisStarted: (reactions.repaint_ward,),
    StudyAnalysed: (reactions.count_study, reactions.repaint_ward),
    FileQuarantined: (),
    ReportSaved: (),
    ReportSigned: (),
    VisitFinished: (reactions.let_sessions_of_visit_end,),
}
