"""A head is looked through at the ward and on a phone, by keys, wheel, finger and buttons; and without any script."""

from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from app.boards import queries as boards
from app.core.actor import SYSTEM
from app.core.db import db
from app.demo.head_ct import Person, phantom_study
from app.imaging import services as imaging
from tests.browser.conftest import House, Visitors, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
SLICES = 28
PHONE, WARD = (390, 844), (1920, 1080)
DRAWN = (
    "!document.querySelector('[data-stage][aria-busy]')"
    " && document.querySelector('[data-stage] canvas').width === 128"
)
# The sum of what is drawn: black is nothing.
LIGHT = """() => { const canvas = document.querySelector("[data-stage] canvas");
  const points = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0; for (let at = 0; at < points.length; at += 4) sum += points[at]; return sum; }"""


@pytest.fixture(scope="module")
def look(house: House) -> str:
    """Take a head in, of somebody who waits in Anne's ward; return the address of the quick look."""
    (visit,) = house.waiting("박머리")
    with house.inside() as hospital:
        patient = boards.my_visit(visit, by=None).patient_id
        number = boards.patient_record(patient, by=hospital.cast.henry).mrn
        db.session.remove()
        for one in phantom_study(lesion_ml=20.0, rows=128, person=Person(patient_id=number)):
            file = BytesIO()
            one.save_as(file, enforce_file_format=True)
            taken = imaging.take(file.getvalue(), name="a.dcm", source="test", by=SYSTEM)
    return f"{house.url}/viewer/quick/{taken.study_id}"


def opened(visitors: Visitors, look: str, size: tuple[int, int] = WARD) -> "Page":
    page = visitors.staff("anne", f"/ward/{visitors.house.hospital.consult}")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(look)
    until(page, DRAWN)
    return page


def place(page: "Page") -> int:
    return int(page.inner_text("[data-shown]").split("/")[0])


def test_keys_wheel_and_buttons_lead_through_the_head(look: str, visitors: Visitors) -> None:
    page = opened(visitors, look)
    assert "박머리" in page.inner_text("h1")
    assert place(page) == SLICES // 2
    # The stage has the focus from the start.
    for key, wanted in (
        ("ArrowDown", 15),
        ("ArrowRight", 16),
        ("ArrowUp", 15),
        ("PageDown", 25),
        ("PageDown", 28),
        ("PageUp", 18),
        ("Home", 1),
        ("ArrowLeft", 1),
        ("End", 28),
    ):
        page.keyboard.press(key)
        assert place(page) == wanted, key
    until(page, DRAWN)
    assert page.get_attribute("[rel=next]", "aria-disabled") == "true"
    page.click("[rel=prev]")
    assert place(page) == 27
    box = page.locator("[data-stage]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -400)
    until(page, "document.querySelector('[data-shown]').textContent.startsWith('17 ')")
    until(page, "location.search.includes('picture=17')")
    page.reload()
    until(page, DRAWN)
    assert place(page) == 17


def test_windows_are_chosen_by_button_and_by_key_on_the_picture(look: str, visitors: Visitors) -> None:
    page = opened(visitors, look)
    lights = []
    for key, name in (("1", "file"), ("2", "brain"), ("3", "subdural"), ("4", "bone")):
        page.focus("[data-stage]")
        page.keyboard.press(key)
        assert page.get_attribute(f"[data-window-of={name}]", "aria-current") == "true"
        page.wait_for_timeout(250)
        until(page, DRAWN)
        lights.append(page.evaluate(LIGHT))
    assert min(lights) > 0
    assert len(set(lights)) == 4
    page.click("[data-window-of=brain]")
    until(page, DRAWN)
    until(page, "location.search.includes('window=brain')")
    # A number typed elsewhere is no command.
    page.keyboard.press("4")
    assert page.get_attribute("[data-window-of=brain]", "aria-current") == "true"


def test_a_finger_draws_through_the_head_on_a_phone(look: str, visitors: Visitors) -> None:
    page = opened(visitors, look, PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    box = page.locator("[data-stage]").bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + 100 + 5 * 12, steps=4)
    page.mouse.up()
    assert place(page) == SLICES // 2 + 5
    small = page.evaluate(
        "[...document.querySelectorAll('.quick-look :is(a, input)')].map((one) => one.getBoundingClientRect())"
        ".filter((box) => box.width && Math.min(box.width, box.height) < 36).length"
    )
    assert small == 0
    until(page, DRAWN)


def test_every_picture_is_fetched_once_and_none_is_kept(look: str, visitors: Visitors) -> None:
    page = opened(visitors, look)
    page.wait_for_timeout(500)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if ".png" in request.url else None)
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
        until(page, DRAWN)
    page.wait_for_timeout(500)
    assert len(asked) == len(set(asked))
    stored = "localStorage.length + sessionStorage.length"
    assert page.evaluate("async () => (await caches.keys()).length") == 0
    assert "png" not in page.evaluate(f"JSON.stringify(localStorage) + {stored}")


def test_a_picture_that_does_not_come_is_said_and_never_shown_as_another(
    look: str, visitors: Visitors
) -> None:
    page = opened(visitors, look)
    page.wait_for_timeout(800)
    page.context.set_offline(True)
    page.keyboard.press("Home")
    until(page, "!document.querySelector('[data-trouble]').hidden")
    assert not page.is_visible("[data-stage] canvas")
    page.context.set_offline(False)
    page.keyboard.press("End")
    until(page, "document.querySelector('[data-trouble]').hidden")
    until(page, DRAWN)
    visitors.complaints.clear()  # a browser reports what it could not fetch


def test_without_script_links_lead_on(look: str, visitors: Visitors) -> None:
    page = visitors.staff("anne", f"/ward/{visitors.house.hospital.consult}")
    plain = visitors.browser.new_context(
        java_script_enabled=False, locale="ko-KR", storage_state=page.context.storage_state()
    )
    visitors.stack.callback(plain.close)
    bare = plain.new_page()
    bare.goto(f"{look}?picture=3")
    assert place(bare) == 3
    assert not bare.is_visible("[data-slider]")
    with bare.expect_response("**/1.png*") as image:
        bare.click("[rel=next]")
    assert image.value.status == 200
    assert place(bare) == 4
    bare.click("[data-window-of=bone]")
    assert place(bare) == 4
    assert "window=bone" in (bare.get_attribute("[data-picture]", "src") or "")
