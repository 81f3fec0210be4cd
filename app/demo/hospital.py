"""The demo hospital's house: three floors as plain data, drawn into the map by one service call."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import hypot
from pathlib import Path

from app.core.actor import SYSTEM
from app.wayfinding import services
from app.wayfinding.plans import EdgePlan, FloorPlan, NodePlan, SitePlan
from app.wayfinding.rules import EdgeKind, Name, NodeKind

SITE = "annae"
RECEPTION = "1f-registration"
MAPS = Path(__file__).parent / "maps"
WIDTH, HEIGHT = 1600, 1000
# One unit of the plans is 5 cm; patients walk 1.1 m a second.
UNITS_PER_SECOND = 22
MIDDLE_Y = 490
TAG_ASIDE, TAG_AHEAD = 24, 12
LIFT_WAIT_SECONDS, LIFT_FLOOR_SECONDS, STAIRS_SECONDS, ESCALATOR_SECONDS = 25, 7, 30, 22
BED_LIFT_CM = {"lift-1": 110, "lift-2": 150}


@dataclass(frozen=True, slots=True)
class Hall:
    """A corridor's centre line; horizontal where `y` is one number."""

    key: str
    x: tuple[int, int]
    y: tuple[int, int]

    def passes(self, point: tuple[int, int]) -> bool:
        """Say whether a point lies on the hall."""
        return self.x[0] <= point[0] <= self.x[1] and self.y[0] <= point[1] <= self.y[1]


@dataclass(frozen=True, slots=True)
class Spot:
    """A door, desk or shaft beside a hall; `at` is where its path meets the hall if not straight ahead."""

    code: str
    kind: NodeKind
    x: int
    y: int
    ko: str
    en: str
    at: tuple[int, int] | None = None

    @property
    def foot(self) -> tuple[int, int]:
        """Return the point on the hall's centre line; halls run at y 340 and 640."""
        return self.at or (self.x, 340 if self.y < MIDDLE_Y else 640)


NORTH = Hall("n", (90, 1510), (340, 340))
SOUTH = Hall("s", (100, 1510), (640, 640))
WEST = Hall("w", (440, 440), (340, 640))
EAST = Hall("e", (1160, 1160), (340, 640))
LOBBY = Hall("l", (800, 800), (640, 860))
HALLS = {1: (NORTH, SOUTH, WEST, EAST, LOBBY), 2: (NORTH, SOUTH, WEST, EAST), 3: (NORTH, SOUTH, WEST, EAST)}
FLOORS = {1: Name("1층", "Floor 1"), 2: Name("2층", "Floor 2"), 3: Name("3층", "Floor 3")}
CORNERS = {
    (440, 340): Name("북서쪽 갈림길", "the northwest junction"),
    (440, 640): Name("남서쪽 갈림길", "the southwest junction"),
    (1160, 340): Name("북동쪽 갈림길", "the northeast junction"),
    (1160, 640): Name("남동쪽 갈림길", "the southeast junction"),
}
LOBBY_POINTS = {
    (800, 640): Name("로비 안쪽", "the inner lobby"),
    (800, 780): Name("로비 중앙", "the middle of the lobby"),
    (800, 860): Name("정문 안쪽", "the main doors"),
    (100, 640): Name("서쪽 출입구 안쪽", "the west doors"),
}

ROOM, DESK, CASHIER, WAITING = NodeKind.ROOM, NodeKind.DESK, NodeKind.CASHIER, NodeKind.WAITING
WC, EXIT, ENTRANCE = NodeKind.RESTROOM, NodeKind.EXIT, NodeKind.ENTRANCE
LIFT, STAIRS, ESCALATOR = NodeKind.LIFT, NodeKind.STAIRS, NodeKind.ESCALATOR

CORE = (
    Spot("stairs-a", STAIRS, 540, 380, "중앙 계단", "Central Stairs"),
    Spot("stairs-b", STAIRS, 1490, 680, "동쪽 계단", "East Stairs"),
    Spot("lift-1", LIFT, 740, 600, "1번 엘리베이터", "Lift 1"),
    Spot("lift-2", LIFT, 860, 600, "2번 엘리베이터", "Lift 2"),
    Spot("wc-men", WC, 650, 380, "남자 화장실", "Men's Restroom"),
    Spot("wc-women", WC, 750, 380, "여자 화장실", "Women's Restroom"),
    Spot("wc-accessible", WC, 850, 380, "장애인 화장실", "Accessible Restroom"),
)
UP_AND_DOWN = Spot("escalator", ESCALATOR, 1015, 600, "에스컬레이터", "Escalator")
SPOTS = {
    1: (
        Spot("main-entrance", ENTRANCE, 800, 920, "정문", "Main Entrance", at=(800, 860)),
        Spot("west-entrance", ENTRANCE, 60, 640, "서쪽 출입구", "West Entrance", at=(100, 640)),
        Spot("east-exit", EXIT, 1540, 640, "동쪽 출구", "East Exit", at=(1510, 640)),
        Spot("north-exit", EXIT, 60, 340, "북서쪽 비상구", "Northwest Emergency Exit", at=(90, 340)),
        Spot("lobby", WAITING, 620, 780, "로비 대기석", "Lobby Seats", at=(800, 780)),
        Spot("information", DESK, 585, 600, "안내 데스크", "Information Desk"),
        Spot("registration", DESK, 375, 680, "원무 접수 데스크", "Registration Desk"),
        Spot("cashier", CASHIER, 165, 680, "수납 창구", "Cashier"),
        Spot("pharmacy", DESK, 230, 600, "원내 약국", "Pharmacy"),
        Spot("records", DESK, 1060, 380, "제증명 창구", "Medical Records Desk"),
        Spot("blood-1", ROOM, 130, 300, "1번 채혈실", "Blood Draw Room 1"),
        Spot("blood-2", ROOM, 270, 300, "2번 채혈실", "Blood Draw Room 2"),
        Spot("blood-3", ROOM, 410, 300, "3번 채혈실", "Blood Draw Room 3"),
        Spot("blood-waiting", WAITING, 560, 300, "채혈 대기실", "Blood Draw Waiting Area"),
        Spot("blood-desk", DESK, 710, 300, "채혈 접수", "Blood Draw Desk"),
        Spot("imaging-desk", DESK, 835, 300, "영상의학과 접수", "Radiology Desk"),
        Spot("xray-1", ROOM, 980, 300, "1번 일반촬영실", "X-ray Room 1"),
        Spot("xray-2", ROOM, 1140, 300, "2번 일반촬영실", "X-ray Room 2"),
        Spot("ct", ROOM, 1300, 300, "CT실", "CT Room"),
        Spot("mri", ROOM, 1460, 300, "MRI실", "MRI Room"),
        Spot("imaging-changing", ROOM, 1285, 380, "영상 탈의실", "Radiology Changing Room"),
        Spot("injection", ROOM, 145, 380, "주사실", "Injection Room"),
        Spot("urine", ROOM, 315, 380, "소변검사실", "Urine Test Room"),
        Spot("emergency", ROOM, 1370, 600, "응급실", "Emergency Room"),
        Spot("shop", ROOM, 1190, 680, "편의점", "Convenience Store"),
        Spot("cafeteria", ROOM, 1350, 680, "식당 · 카페", "Cafeteria"),
        UP_AND_DOWN,
        *CORE,
    ),
    2: (
        Spot("room-1", ROOM, 130, 300, "1번 진료실", "Room 1"),
        Spot("room-2", ROOM, 270, 300, "2번 진료실", "Room 2"),
        Spot("room-3", ROOM, 410, 300, "3번 진료실", "Room 3"),
        Spot("room-4", ROOM, 550, 300, "4번 진료실", "Room 4"),
        Spot("room-5", ROOM, 1200, 680, "5번 진료실", "Room 5"),
        Spot("room-6", ROOM, 1360, 680, "6번 진료실", "Room 6"),
        Spot("demo-1", ROOM, 130, 680, "데모 1번 진료실", "Demo Room 1"),
        Spot("demo-2", ROOM, 270, 680, "데모 2번 진료실", "Demo Room 2"),
        Spot("demo-3", ROOM, 410, 680, "데모 3번 진료실", "Demo Room 3"),
        Spot("clinic-desk", DESK, 700, 300, "외래 접수", "Outpatient Desk"),
        Spot("nurse-desk", DESK, 230, 600, "외래 간호데스크", "Outpatient Nurse Desk"),
        Spot("cashier", CASHIER, 585, 600, "2층 수납 창구", "Cashier, Floor 2"),
        Spot("clinic-waiting", WAITING, 800, 720, "외래 대기홀", "Outpatient Waiting Hall"),
        Spot("ecg", ROOM, 860, 300, "심전도실", "ECG Room"),
        Spot("ultrasound-1", ROOM, 1020, 300, "1번 초음파실", "Ultrasound Room 1"),
        Spot("ultrasound-2", ROOM, 1180, 300, "2번 초음파실", "Ultrasound Room 2"),
        Spot("lung", ROOM, 1330, 300, "폐기능검사실", "Lung Function Room"),
        Spot("treadmill", ROOM, 1470, 300, "운동부하검사실", "Treadmill Test Room"),
        Spot("test-desk", DESK, 1285, 380, "검사 접수", "Test Desk"),
        Spot("test-waiting", WAITING, 1455, 380, "검사 대기실", "Test Waiting Area"),
        Spot("echo", ROOM, 1370, 600, "심장초음파실", "Echocardiography Room"),
        Spot("treatment", ROOM, 145, 380, "처치실", "Treatment Room"),
        Spot("counselling", ROOM, 315, 380, "상담실", "Counselling Room"),
        Spot("nursing", ROOM, 1060, 380, "수유실", "Nursing Room"),
        UP_AND_DOWN,
        *CORE,
    ),
    3: (
        Spot("checkup-desk", DESK, 160, 300, "건강검진 접수", "Checkup Desk"),
        Spot("interview", ROOM, 330, 300, "문진실", "Interview Room"),
        Spot("measuring", ROOM, 470, 300, "신체계측실", "Measuring Room"),
        Spot("senses", ROOM, 620, 300, "시력 · 청력검사실", "Vision and Hearing Room"),
        Spot("checkup-blood", ROOM, 770, 300, "검진 채혈실", "Checkup Blood Draw"),
        Spot("bone", ROOM, 920, 300, "골밀도검사실", "Bone Density Room"),
        Spot("nutrition", ROOM, 1080, 300, "영양상담실", "Nutrition Room"),
        Spot("results", ROOM, 1250, 300, "결과상담실", "Results Room"),
        Spot("checkup-lounge", WAITING, 1440, 300, "검진 라운지", "Checkup Lounge"),
        Spot("changing-men", ROOM, 145, 380, "남자 탈의실", "Men's Changing Room"),
        Spot("changing-women", ROOM, 315, 380, "여자 탈의실", "Women's Changing Room"),
        Spot("checkup-ultrasound", ROOM, 1285, 380, "검진 초음파실", "Checkup Ultrasound"),
        Spot("checkup-ecg", ROOM, 1455, 380, "검진 심전도실", "Checkup ECG"),
        Spot("endoscopy-desk", DESK, 230, 600, "내시경 접수", "Endoscopy Desk"),
        Spot("endoscopy-1", ROOM, 130, 680, "1번 내시경실", "Endoscopy Room 1"),
        Spot("endoscopy-2", ROOM, 270, 680, "2번 내시경실", "Endoscopy Room 2"),
        Spot("endoscopy-3", ROOM, 410, 680, "3번 내시경실", "Endoscopy Room 3"),
        Spot("recovery", ROOM, 640, 680, "회복실", "Recovery Room"),
        Spot("endoscopy-waiting", WAITING, 960, 680, "내시경 대기실", "Endoscopy Waiting Area"),
        Spot("endoscopy-talk", ROOM, 1200, 680, "내시경 상담실", "Endoscopy Consultation"),
        Spot("nurse-station", DESK, 585, 600, "간호 스테이션", "Nurse Station"),
        Spot("lounge", WAITING, 1015, 600, "보호자 휴게실", "Family Lounge"),
        Spot("roof-garden", WAITING, 1370, 600, "하늘정원", "Roof Garden"),
        Spot("family-room", ROOM, 1060, 380, "가족 상담실", "Family Consultation"),
        *CORE,
    ),
}
TAGGED = frozenset({ENTRANCE, DESK, CASHIER, ROOM, LIFT})


def build() -> dict[str, Name]:
    """Draw the demo hospital, or nothing where it stands already; return its places by code."""
    drawn = plan()
    services.draw_map(drawn, by=SYSTEM)
    return {node.code: node.name for node in drawn.nodes if node.name and node.kind is not NodeKind.CORRIDOR}


def plan() -> SitePlan:
    """Return the whole site; corridor points are where somebody's way meets a hall, and where halls meet."""
    return SitePlan(
        code=SITE,
        name=Name("안내병원", "Annae Hospital"),
        timezone="Asia/Seoul",
        floors=tuple(_floors()),
        nodes=tuple(node for floor in SPOTS for node in (*_corridor(floor), *_places(floor))),
        edges=tuple(edge for floor in SPOTS for edge in (*_halls(floor), *_doors(floor))) + tuple(_shafts()),
    )


def _floors() -> Iterator[FloorPlan]:
    for ordinal, name in FLOORS.items():
        svg = (MAPS / f"floor-{ordinal}.svg").read_text(encoding="utf-8")
        yield FloorPlan(ordinal=ordinal, name=name, svg=svg, width=WIDTH, height=HEIGHT)


def _points(floor: int, hall: Hall) -> list[tuple[int, int]]:
    """Return the points of a hall in walking order."""
    feet = {spot.foot for spot in SPOTS[floor]}
    crossings = {(a.x[0], b.y[0]) for a in HALLS[floor] for b in HALLS[floor] if a.passes((a.x[0], b.y[0]))}
    crossings = {point for point in crossings if sum(one.passes(point) for one in HALLS[floor]) > 1}
    return sorted(point for point in feet | crossings if hall.passes(point))


def _point_code(floor: int, point: tuple[int, int]) -> str:
    return f"{floor}f-c-{point[0]}-{point[1]}"


def _corridor(floor: int) -> Iterator[NodePlan]:
    fronts = {spot.foot: Name(f"{spot.ko} 앞", spot.en) for spot in reversed(SPOTS[floor])}
    names = fronts | CORNERS | (LOBBY_POINTS if floor == 1 else {})
    for x, y in sorted({point for hall in HALLS[floor] for point in _points(floor, hall)}):
        code = _point_code(floor, (x, y))
        yield NodePlan(code=code, floor=floor, x=x, y=y, kind=NodeKind.CORRIDOR, name=names.get((x, y)))


def _places(floor: int) -> Iterator[NodePlan]:
    for spot in SPOTS[floor]:
        name, code = Name(spot.ko, spot.en), f"{floor}f-{spot.code}"
        yield NodePlan(code=code, floor=floor, x=spot.x, y=spot.y, kind=spot.kind, name=name)
        if spot.kind in TAGGED:
            x, y = _tag(spot)
            yield NodePlan(code=f"tag-{code}", floor=floor, x=x, y=y, kind=NodeKind.TAG, name=name)


def _tag(spot: Spot) -> tuple[int, int]:
    """Return where the tag hangs: beside the door, on the hall's side of the wall."""
    x, y = spot.foot
    if spot.y == y:
        return spot.x + (TAG_AHEAD if spot.x < x else -TAG_AHEAD), y - TAG_ASIDE
    return spot.x + TAG_ASIDE, spot.y + (TAG_AHEAD if spot.y < y else -TAG_AHEAD)


def _halls(floor: int) -> Iterator[EdgePlan]:
    for hall in HALLS[floor]:
        for a, b in pairwise(_points(floor, hall)):
            yield EdgePlan(a=_point_code(floor, a), b=_point_code(floor, b), seconds=_seconds(a, b))


def _doors(floor: int) -> Iterator[EdgePlan]:
    for spot in SPOTS[floor]:
        code, foot = f"{floor}f-{spot.code}", _point_code(floor, spot.foot)
        seconds = _seconds((spot.x, spot.y), spot.foot)
        if spot.code == "west-entrance":  # three steps, and a ramp beside them
            yield EdgePlan(a=code, b=foot, seconds=seconds, kind=EdgeKind.STAIRS)
            yield EdgePlan(a=code, b=foot, seconds=4 * seconds, kind=EdgeKind.RAMP, width_cm=150)
        else:
            is_door = spot.kind in {ROOM, WC, ENTRANCE, EXIT}
            kind = EdgeKind.DOOR if is_door else EdgeKind.CORRIDOR
            yield EdgePlan(a=code, b=foot, seconds=seconds, kind=kind, width_cm=130 if is_door else None)
        if spot.kind in TAGGED:
            yield EdgePlan(a=f"tag-{code}", b=foot, seconds=_seconds(_tag(spot), spot.foot))


def _shafts() -> Iterator[EdgePlan]:
    """Yield lifts, stairs and the escalator; a lift's every pair of stops is one edge, so one waits once."""
    for lift in ("lift-1", "lift-2"):
        for low, high in combinations(SPOTS, 2):
            seconds = LIFT_WAIT_SECONDS + LIFT_FLOOR_SECONDS * (high - low)
            yield _shaft(lift, low, high, seconds, kind=EdgeKind.LIFT, width=BED_LIFT_CM[lift])
    for stairs in ("stairs-a", "stairs-b"):
        for low, high in pairwise(SPOTS):
            yield _shaft(stairs, low, high, STAIRS_SECONDS, kind=EdgeKind.STAIRS)
    yield _shaft("escalator", 1, 2, ESCALATOR_SECONDS, kind=EdgeKind.ESCALATOR)


def _shaft(
    code: str, low: int, high: int, seconds: int, *, kind: EdgeKind, width: int | None = None
) -> EdgePlan:
    return EdgePlan(a=f"{low}f-{code}", b=f"{high}f-{code}", seconds=seconds, kind=kind, width_cm=width)


def _seconds(a: tuple[int, int], b: tuple[int, int]) -> int:
    return max(1, round(hypot(a[0] - b[0], a[1] - b[1]) / UNITS_PER_SECOND))
