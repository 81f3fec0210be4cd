"""What the demo hospital offers, as plain data: units, services in a hospital's words, queues, staff."""

from dataclasses import dataclass, field

from app.accounts.roles import Role
from app.demo.words import BLOOD, CONSULTATION, ECG, IMAGING, ULTRASOUND, Words
from app.queues.services import Rules

DAY_SECONDS = 24 * 3600
# Where people of the play come in: the tags at the doors.
ENTRANCES = ("tag-1f-main-entrance", "tag-1f-west-entrance")
DEMO_UNIT, OFFICE = "demo", "office"


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """A service, what to do before it and what to mind after it; `follows` are those that come before it."""

    name: Words
    minutes: int
    preparation: Words
    after_care: Words
    is_any_order: bool = False
    follows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """A room, at its door on the map."""

    place: str
    name: Words


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """A queue for one service, with its rooms."""

    service: str
    unit: str
    place: str
    name: Words
    rooms: tuple[RoomPlan, ...]
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True, slots=True)
class StaffPlan:
    """An account."""

    username: str
    name: str
    role: Role
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """A kiosk at its place, or the board of a queue."""

    kind: str
    name: str
    place: str
    queue: str | None = None


UNITS = {
    DEMO_UNIT: Words("데모 진료실", "Demo Clinic"),
    "internal": Words("내과", "Internal Medicine"),
    "orthopaedics": Words("정형외과", "Orthopaedics"),
    "laboratory": Words("진단검사의학과", "Laboratory Medicine"),
    "radiology": Words("영상의학과", "Radiology"),
    "physiology": Words("기능검사실", "Function Tests"),
    OFFICE: Words("원무과", "Patient Services"),
}

# The reserved patients' services stay one after the other: a script knows where it goes next. The tests of the
# town may be done as the lines allow; both blood and scan want an empty stomach, and the blood comes first.
SERVICES = {
    "demo-consult": ServicePlan(Words("데모 진료", "Demo Consultation"), 5, *CONSULTATION),
    "demo-blood": ServicePlan(Words("데모 채혈", "Demo Blood Draw"), 3, *BLOOD),
    "demo-imaging": ServicePlan(Words("데모 골밀도 검사", "Demo Bone Density Scan"), 5, *IMAGING),
    "internal": ServicePlan(Words("내과 진료", "Internal Medicine Consultation"), 7, *CONSULTATION),
    "orthopaedics": ServicePlan(Words("정형외과 진료", "Orthopaedic Consultation"), 6, *CONSULTATION),
    "blood": ServicePlan(Words("채혈", "Blood Draw"), 3, *BLOOD, is_any_order=True),
    "xray": ServicePlan(Words("일반촬영(X-ray)", "X-ray"), 5, *IMAGING, is_any_order=True),
    "ultrasound": ServicePlan(
        Words("초음파 검사", "Ultrasound Scan"), 12, *ULTRASOUND, is_any_order=True, follows=("blood",)
    ),
    "ecg": ServicePlan(Words("심전도 검사", "Electrocardiogram"), 5, *ECG, is_any_order=True),
}

# Reserved patients may come all day, and are served in the order in which they come.
DEMO_RULES = Rules(
    early_tolerance_seconds=DAY_SECONDS,
    check_in_before_seconds=DAY_SECONDS,
    check_in_after_seconds=DAY_SECONDS,
    call_expiry_seconds=300,
    recall_gap_seconds=300,
)
TEST_RULES = Rules(least_service_seconds=10, call_expiry_seconds=120, recall_gap_seconds=120)


def _rooms(place: str, ko: str, en: str, numbers: range) -> tuple[RoomPlan, ...]:
    return tuple(RoomPlan(f"{place}-{n}", Words(f"{n}번 {ko}", f"{en} {n}")) for n in numbers)


# The demo queue stands first: whoever wants one queue takes that.
QUEUES = {
    "demo-consult": QueuePlan(
        "demo-consult",
        DEMO_UNIT,
        "2f-clinic-waiting",
        Words("데모 진료실", "Demo Clinic"),
        tuple(RoomPlan(f"2f-demo-{n}", Words(f"데모 {n}번 진료실", f"Demo Room {n}")) for n in range(1, 4)),
        DEMO_RULES,
    ),
    "demo-blood": QueuePlan(
        "demo-blood",
        DEMO_UNIT,
        "3f-checkup-lounge",
        Words("데모 채혈실", "Demo Blood Draw"),
        (RoomPlan("3f-checkup-blood", Words("검진 채혈실", "Checkup Blood Draw")),),
        DEMO_RULES,
    ),
    "demo-imaging": QueuePlan(
        "demo-imaging",
        DEMO_UNIT,
        "3f-checkup-lounge",
        Words("데모 영상실", "Demo Imaging"),
        (RoomPlan("3f-bone", Words("골밀도검사실", "Bone Density Room")),),
        DEMO_RULES,
    ),
    "internal": QueuePlan(
        "internal",
        "internal",
        "2f-clinic-waiting",
        Words("내과", "Internal Medicine"),
        _rooms("2f-room", "진료실", "Room", range(1, 5)),
    ),
    "orthopaedics": QueuePlan(
        "orthopaedics",
        "orthopaedics",
        "2f-clinic-waiting",
        Words("정형외과", "Orthopaedics"),
        (
            *_rooms("2f-room", "진료실", "Room", range(5, 7)),
            RoomPlan("2f-treatment", Words("처치실", "Treatment Room")),
        ),
    ),
    "blood": QueuePlan(
        "blood",
        "laboratory",
        "1f-blood-waiting",
        Words("채혈실", "Blood Draw"),
        _rooms("1f-blood", "채혈실", "Blood Draw Room", range(1, 4)),
        TEST_RULES,
    ),
    "xray": QueuePlan(
        "xray",
        "radiology",
        "1f-imaging-desk",
        Words("일반촬영실", "X-ray"),
        _rooms("1f-xray", "일반촬영실", "X-ray Room", range(1, 3)),
        TEST_RULES,
    ),
    "ultrasound": QueuePlan(
        "ultrasound",
        "radiology",
        "2f-test-waiting",
        Words("초음파실", "Ultrasound"),
        _rooms("2f-ultrasound", "초음파실", "Ultrasound Room", range(1, 3)),
        TEST_RULES,
    ),
    "ecg": QueuePlan(
        "ecg",
        "physiology",
        "2f-test-waiting",
        Words("심전도실", "ECG"),
        (RoomPlan("2f-ecg", Words("심전도실", "ECG Room")),),
        TEST_RULES,
    ),
    # The same service in another place: staff choose the line, and send people over where one grows too long.
    "checkup-ecg": QueuePlan(
        "ecg",
        "physiology",
        "3f-checkup-lounge",
        Words("검진 심전도실", "Checkup ECG"),
        (RoomPlan("3f-checkup-ecg", Words("검진 심전도실", "Checkup ECG Room")),),
        TEST_RULES,
    ),
}
DEMO_QUEUES = tuple(code for code, queue in QUEUES.items() if queue.unit == DEMO_UNIT)
# Two of the reserved patients have a blood draw and a scan before they see the doctor.
ONE_STEP, THREE_STEPS = ("demo-consult",), ("demo-blood", "demo-imaging", "demo-consult")


def _reserved(role: Role, name: str, *units: str) -> StaffPlan:
    username = f"demo-{role.replace('_', '-')}"
    return StaffPlan(username, f"데모 {name}", role, units)


# One account of every role, to be handed out.
RESERVED_STAFF = (
    _reserved(Role.ADMIN, "관리자"),
    _reserved(Role.NURSE, "간호사", DEMO_UNIT),
    _reserved(Role.CHARGE_NURSE, "수간호사", DEMO_UNIT),
    _reserved(Role.DOCTOR, "의사", DEMO_UNIT),
    _reserved(Role.TECHNICIAN, "검사자", DEMO_UNIT),
    _reserved(Role.RADIOLOGY, "영상의학과", DEMO_UNIT),
    _reserved(Role.DESK, "접수", OFFICE),
    _reserved(Role.CASHIER, "수납", OFFICE),
    _reserved(Role.PHARMACY, "약국", OFFICE),
    _reserved(Role.AUDITOR, "감사"),
)
# Those who act in the simulated day.
DAY_STAFF = (
    StaffPlan("day-internal-nurse", "한소라", Role.NURSE, ("internal",)),
    StaffPlan("day-internal-doctor", "유재민", Role.DOCTOR, ("internal",)),
    StaffPlan("day-orthopaedics-nurse", "문하경", Role.NURSE, ("orthopaedics",)),
    StaffPlan("day-orthopaedics-doctor", "권미애", Role.DOCTOR, ("orthopaedics",)),
    StaffPlan("day-laboratory", "서진호", Role.TECHNICIAN, ("laboratory",)),
    StaffPlan("day-radiology", "오태경", Role.TECHNICIAN, ("radiology",)),
    StaffPlan("day-physiology", "신유라", Role.TECHNICIAN, ("physiology",)),
    StaffPlan("day-desk", "배은채", Role.DESK, (OFFICE,)),
    StaffPlan("day-cashier", "남기훈", Role.CASHIER, (OFFICE,)),
    StaffPlan("day-pharmacy", "조은별", Role.PHARMACY, (OFFICE,)),
)
DAY_DESK, DAY_CASHIER, DAY_PHARMACY = "day-desk", "day-cashier", "day-pharmacy"
DRIVERS = {
    code: next(one.username for one in DAY_STAFF if queue.unit in one.units)
    for code, queue in QUEUES.items()
    if code not in DEMO_QUEUES
}
DOCTORS = {
    code: one.username
    for code, queue in QUEUES.items()
    for one in DAY_STAFF
    if one.role is Role.DOCTOR and queue.unit in one.units
}

DEVICES = (
    DevicePlan("kiosk", "로비 키오스크", "1f-information"),
    DevicePlan("board", "데모 진료실 안내판", "2f-clinic-waiting", "demo-consult"),
    DevicePlan("board", "내과 안내판", "2f-clinic-waiting", "internal"),
    DevicePlan("board", "정형외과 안내판", "2f-clinic-waiting", "orthopaedics"),
    DevicePlan("board", "채혈실 안내판", "1f-blood-waiting", "blood"),
    DevicePlan("board", "일반촬영실 안내판", "1f-imaging-desk", "xray"),
)
