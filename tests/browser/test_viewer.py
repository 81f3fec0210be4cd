"""OHIF opens a study through the gate: a picture is drawn, nobody else is asked, nothing is complained of."""

import os
from dataclasses import dataclass
from io import BytesIO
from uuid import UUID

import pytest

from app.accounts import services as accounts
from app.boards import queries as boards
from app.core.actor import SYSTEM
from app.demo import head_ct
from app.imaging import services as imaging
from tests.browser.conftest import House, Visitors, until
from tests.cast import PASSWORD
from tests.services import viewer
from tests.services.found import MissingError
from tests.services.plugin import ABSENT

SLICES = 8
# The viewer draws beside the page and copies what it has drawn to a canvas of the page.
BRIGHT = """(() => {
  const canvas = document.querySelector(".cornerstone-canvas");
  if (!canvas?.width) return 0;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let bright = 0;
  for (let at = 0; at < data.length; at += 4) bright += data[at] > 100;
  return bright;
})()"""


FETCHED = """performance.getEntriesByType("resource")
  .filter(({ name, responseStatus }) => name.includes("/frames/") && responseStatus === 200).length"""


@dataclass(frozen=True)
class Study:
    """A head that came in: its UID, our id, and one of its pictures at the gate."""

    uid: str
    id: UUID
    frame: str

    @property
    def page(self) -> str:
        """Return the address that opens it."""
        return f"/viewer/?StudyInstanceUIDs={self.uid}"


@pytest.fixture(scope="module")
def study(house: House) -> Study:
    """Take a head in for a patient of the ward, in a house where the viewer was fetched."""
    try:
        (house.settings.var_dir / "viewer").symlink_to(viewer.fetched())
    except MissingError as error:
        refuse = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        refuse(f"{ABSENT}viewer: {error}")
    with house.inside() as hospital:
        patient = boards.my_visit(hospital.waiting("consult", name="김영상"), by=None).patient_id
        number = boards.patient_record(patient, by=hospital.cast.henry).mrn
        accounts.create_staff("olaf", "Olaf", "doctor", PASSWORD, by=SYSTEM, units=["other"])
        slices = head_ct.phantom_study(
            lesion_ml=20.0,
            gaps_mm=(14.0,) * (SLICES - 1),
            person=head_ct.Person(patient_id=number, name="김영상"),
        )
        for one in slices:
            file = BytesIO()
            one.save_as(file, enforce_file_format=True)
            taken = imaging.take(file.getvalue(), name="head.dcm", source="test", by=SYSTEM)
        assert taken.study_id
        first = slices[0]
        frame = (
            f"/dicom-web/studies/{first.StudyInstanceUID}/series/{first.SeriesInstanceUID}"
            f"/instances/{first.SOPInstanceUID}/frames/1"
        )
        return Study(first.StudyInstanceUID, taken.study_id, frame)


def test_a_doctor_of_the_ward_sees_the_head(study: Study, house: House, visitors: Visitors) -> None:
    page = visitors.staff("grace", f"/ward/{house.hospital.consult}")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{house.url}{study.page}")
    until(page, f"{BRIGHT} > 1000", seconds=60)
    until(page, "document.body.innerText.includes('김영상')")
    outside = [url for url in asked if not url.startswith((house.url, "blob:", "data:"))]
    assert outside == []
    until(page, f"{FETCHED} >= {SLICES}", seconds=30)
    # The privacy lock covers the pictures as it covers every other page.
    page.keyboard.press("Control+Alt+KeyL")
    until(page, "document.getElementById('lock').open")
    assert not page.locator("#root").is_visible()
    page.fill("#lock [name=word]", PASSWORD)
    page.keyboard.press("Enter")
    until(page, f"!document.getElementById('lock').open && {BRIGHT} > 1000")


def test_another_doctor_is_refused_the_page_and_each_picture(
    study: Study, house: House, visitors: Visitors
) -> None:
    page = visitors.staff("olaf", f"/ward/{house.hospital.elsewhere}")
    for path in (study.page, f"/viewer/quick/{study.id}", study.frame):
        answer = page.request.get(f"{house.url}{path}", headers={"Accept": "*/*"})
        assert answer.status == 404, path
        assert "김영상".encode() not in answer.body()
