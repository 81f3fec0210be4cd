"""One frozen value per screen; redaction happens here, so that no template can leak what it never had."""

from app.boards.queries.alerts import (
    AlertRow,
    AlertStrip,
    alert_strip,
    alert_strips,
    check_alert_post,
    own_alert_strips,
)
from app.boards.queries.emr import EmrAsOf, emr_as_of
from app.boards.queries.ended import EndedList, ended_visits
from app.boards.queries.feed import QueueMove, queue_moves, queue_snapshot, seqs_of
from app.boards.queries.guidance import Guidance, guidance, way, way_to_desk
from app.boards.queries.line import LinePlace, line_order
from app.boards.queries.patient import MyVisit, my_visit
from app.boards.queries.public import PublicBoard, public_board
from app.boards.queries.records import Happening, RecordPage, VisitNotes, record_page
from app.boards.queries.relations import patient_record
from app.boards.queries.staff import (
    CashierList,
    DeskList,
    VisitCard,
    bill,
    cashier_list,
    cashier_mark,
    desk_list,
    desk_mark,
    visit_card,
)
from app.boards.queries.ward import WardBoard, ward_board
from app.boards.queries.ward_covered import CoveredWard, covered_ward
from app.boards.queries.ward_line import WardLine, ward_line
from app.boards.queries.ward_moves import WardMoves, ward_moves
from app.boards.queries.ward_patient import WardPatient, ward_patient
from app.boards.queries.ward_queues import QueueName, my_queues
from app.boards.queries.ward_rows import WardRow

__all__ = [
    "AlertRow",
    "AlertStrip",
    "CashierList",
    "CoveredWard",
    "DeskList",
    "EmrAsOf",
    "EndedList",
    "Guidance",
    "Happening",
    "LinePlace",
    "MyVisit",
    "PublicBoard",
    "QueueMove",
    "QueueName",
    "RecordPage",
    "VisitCard",
    "VisitNotes",
    "WardBoard",
    "WardLine",
    "WardMoves",
    "WardPatient",
    "WardRow",
    "alert_strip",
    "alert_strips",
    "bill",
    "cashier_list",
    "cashier_mark",
    "check_alert_post",
    "covered_ward",
    "desk_list",
    "desk_mark",
    "emr_as_of",
    "ended_visits",
    "guidance",
    "line_order",
    "my_queues",
    "my_visit",
    "own_alert_strips",
    "patient_record",
    "public_board",
    "queue_moves",
    "queue_snapshot",
    "record_page",
    "seqs_of",
    "visit_card",
    "ward_board",
    "ward_line",
    "ward_moves",
    "ward_patient",
    "way",
    "way_to_desk",
]
