"""Steps as the patient reads them."""

from collections.abc import Iterable
from pathlib import Path

from babel.messages.pofile import read_po

from app.wayfinding.directions import NAMELESS, SENTENCES, Step, StepKind, polyline
from app.wayfinding.rules import Profile
from tests.unit.wayfinding.hospital_map import IDS, draw, told
from tests.unit.wayfinding.moments import NOON

CATALOGUE = Path(__file__).parents[3] / "translations" / "ko" / "LC_MESSAGES" / "messages.po"


def in_english(steps: Iterable[Step]) -> list[str]:
    return [step.sentence % step.words("en") for step in steps]


def test_from_the_entrance_to_the_demo_room() -> None:
    assert in_english(told("tag-1f-main-entrance", "2f-demo-2", Profile.STEP_FREE)) == [
        "From Main Entrance on Floor 1, go toward the inner lobby.",
        "Turn left at the inner lobby.",
        "Turn right at Lift 1.",
        "Take the lift up to Floor 2.",
        "Turn right at Lift 1.",
        "Turn left at Demo Room 2.",
        "Arrived: Demo Room 2",
    ]


def test_the_floor_that_a_lift_only_passes_is_not_told() -> None:
    steps = told("3f-results", "1f-main-entrance", Profile.STEP_FREE)
    assert [step.kind for step in steps].count(StepKind.LIFT_DOWN) == 1
    assert {step.floor.en for step in steps} == {"Floor 3", "Floor 1"}
    assert steps[-1].leg == 1


def test_a_tag_beside_the_goal_says_only_that_you_are_there() -> None:
    assert in_english(told("tag-1f-blood-1", "1f-blood-1")) == ["Arrived: Blood Draw Room 1"]


def test_straight_hops_are_one_line() -> None:
    path, _ = draw().way(IDS["1f-c-100-640"], IDS["1f-c-1510-640"], Profile.WALKING, NOON)
    assert len(path) > 10
    assert polyline(path) == ((100, 640), (1510, 640))


def test_a_line_that_comes_back_is_drawn_to_its_end() -> None:
    path, _ = draw().way(IDS["1f-blood-1"], IDS["tag-1f-blood-1"], Profile.WALKING, NOON)
    assert polyline([*path, *reversed(path)])[-1] == polyline(path)[0]


def test_korean_directions_read_like_a_korean_hospital() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="ko")
    steps = told("tag-1f-main-entrance", "1f-blood-3") + told("1f-lift-1", "2f-demo-2")
    assert [str(catalogue[step.sentence].string) % step.words("ko") for step in steps] == [
        "1층 정문에서 로비 안쪽 방향으로 출발해 주세요.",
        "로비 안쪽에서 왼쪽으로 가 주세요.",
        "남서쪽 갈림길에서 오른쪽으로 가 주세요.",
        "북서쪽 갈림길에서 왼쪽으로 가 주세요.",
        "3번 채혈실 앞에서 오른쪽으로 가 주세요.",
        "도착: 3번 채혈실",
        "엘리베이터로 2층까지 올라가 주세요.",
        "1번 엘리베이터 앞에서 오른쪽으로 가 주세요.",
        "데모 2번 진료실 앞에서 왼쪽으로 가 주세요.",
        "도착: 데모 2번 진료실",
    ]


def test_every_sentence_has_its_korean() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="ko")
    for sentence in (*SENTENCES.values(), *NAMELESS.values()):
        assert catalogue[sentence].string
