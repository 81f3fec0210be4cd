"""One frozen value per screen; redaction happens here, so that no template can leak what it never had."""

from app.boards.queries.alerts import (
    AlertRow,
    AlertStrip,
    alert_strip,
    alert_strips,
    check_alert_post,
    own_alert_strips,
)
from app.boards.queries.cautions import OrderCautions, order_cautions
from app.boards.queries.emr import EmrAsOf, emr_as_of
from app.boards.queries.ended import EndedList, ended_visits
from app.boards.queries.feed import QueueMove, queue_moves, queue_snapshot, seqs_of
from app.boards.queries.guidance import Guidance, guidance, way, way_to_desk
from app.boards.queries.line import LinePlace, line_order
from app.boards.queries.measured import MeasuredStudy, measured_studies, measured_study
from app.boards.queries.merging import MergePreview, OpenVisit, Side, merge_preview
from app.boards.queries.order_cards import OrderCard
from app.boards.queries.orders import (
    LastChange,
    VisitOrders,
    last_change,
    open_orders,
    order_card,
    order_seqs,
    patient_orders,
    visit_of_order,
    visit_orders,
)
from app.boards.queries.patient import MyVisit, my_visit
from app.boards.queries.pictures import (
    SeenInstance,
    SeenSeries,
    SeenStudy,
    StudyOwner,
    owner_of_study,
    seen_study,
)
from app.boards.queries.public import PublicBoard, public_board
from app.boards.queries.reading import Question, ReadingPage, reading_page
from app.boards.queries.records import Happening, RecordPage, VisitNotes, record_page
from app.boards.queries.relations import patient_record
from app.boards.queries.reports import SignedVersion, StudyReport, report_of, reports_of
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
from app.boards.queries.study_lists import StudyLine, StudyList, seen_studies
from app.boards.queries.ward import WardBoard, ward_board
from app.boards.queries.ward_covered import CoveredWard, covered_ward
from app.boards.queries.ward_line import WardLine, ward_line
from app.boards.queries.ward_moves import WardMoves, ward_moves
from app.boards.queries.ward_patient import WardPatient, ward_patient
from app.boards.queries.ward_queues import QueueName, my_queues
from app.boards.queries.ward_rows import WardRow
from app.boards.queries.worklist import Reading, Show, Worklist, worklist, worklist_mark

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
    "LastChange",
    "LinePlace",
    "MeasuredStudy",
    "MergePreview",
    "MyVisit",
    "OpenVisit",
    "OrderCard",
    "OrderCautions",
    "PublicBoard",
    "Question",
    "QueueMove",
    "QueueName",
    "Reading",
    "ReadingPage",
    "RecordPage",
    "SeenInstance",
    "SeenSeries",
    "SeenStudy",
    "Show",
    "Side",
    "SignedVersion",
    "StudyLine",
    "StudyList",
    "StudyOwner",
    "StudyReport",
    "VisitCard",
    "VisitNotes",
    "VisitOrders",
    "WardBoard",
    "WardLine",
    "WardMoves",
    "WardPatient",
    "WardRow",
    "Worklist",
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
    "last_change",
    "line_order",
    "measured_studies",
    "measured_study",
    "merge_preview",
    "my_queues",
    "my_visit",
    "open_orders",
    "order_card",
    "order_cautions",
    "order_seqs",
    "own_alert_strips",
    "owner_of_study",
    "patient_orders",
    "patient_record",
    "public_board",
    "queue_moves",
    "queue_snapshot",
    "reading_page",
    "record_page",
    "report_of",
    "reports_of",
    "seen_studies",
    "seen_study",
    "seqs_of",
    "visit_card",
    "visit_of_order",
    "visit_orders",
    "ward_board",
    "ward_line",
    "ward_moves",
    "ward_patient",
    "way",
    "way_to_desk",
    "worklist",
    "worklist_mark",
]
