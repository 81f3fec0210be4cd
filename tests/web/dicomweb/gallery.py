"""Two wards with a patient and a study each, a study that is nobody's, and who asks for them at the gate."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts import services as accounts
from app.boards import queries as boards
from app.core.actor import SYSTEM
from app.core.audit import AuditRow
from app.core.db import db
from app.core.transaction import release
from app.imaging import services as imaging
from app.imaging.part10 import read
from app.imaging.rules import At
from tests.cast import PASSWORD
from tests.hospital import Hospital
from tests.integration.imaging.pictures import Pictures
from tests.pages import Browser, sign_in

ROOT = "/dicom-web"
ALL = "transfer-syntax=*"
FRAME = f'multipart/related; type="application/octet-stream"; {ALL}'
FILE = f'multipart/related; type="application/dicom"; {ALL}'
JSON = "application/dicom+json"


@dataclass
class Shown:
    """A study that came in: its patient, its files, and where each stands."""

    patient: UUID | None
    number: str
    of: Pictures
    files: list[bytes] = field(default_factory=list)

    @property
    def ats(self) -> list[At]:
        """Return where each file stands."""
        return [read(one).at for one in self.files]

    @property
    def study(self) -> str:
        """Return its address."""
        return f"{ROOT}/studies/{self.of.study}"

    @property
    def series(self) -> str:
        """Return the address of its one series."""
        return f"{self.study}/series/{self.of.series}"

    def instance(self, place: int = 0) -> str:
        """Return the address of one of its files."""
        return f"{self.series}/instances/{self.ats[place].instance}"


class Gallery:
    """The studies, and browsers in front of the gate."""

    def __init__(self, app: Flask, hospital: Hospital) -> None:
        self.app, self.hospital = app, hospital
        accounts.create_staff("mia", "Mia", "radiology", PASSWORD, by=SYSTEM)
        self.mine = self._received("consult", files=3)
        self.theirs = self._received("ortho")
        self.nobodys = self.take(Shown(None, "K-0", Pictures(patient_id="K-0")))
        self._browsers: dict[str, Browser] = {}
        release()

    def take(self, shown: Shown, files: int = 1) -> Shown:
        """Take a study over."""
        for number in range(1, files + 1):
            content = shown.of.file(number)
            assert imaging.take(content, name="a.dcm", source="test", by=SYSTEM).study_id
            shown.files.append(content)
        return shown

    def ask(self, who: str, path: str, accept: str = JSON, method: str = "GET", **more: Any) -> TestResponse:
        """Ask for an address as somebody of the cast."""
        if who not in self._browsers:
            self._browsers[who] = Browser(self.app)
            if who != "eve":
                sign_in(self._browsers[who], who)
        headers = {"Accept": accept, **more.pop("headers", {})}
        return self._browsers[who].open(path, method=method, headers=headers, **more)

    def rows(self) -> list[AuditRow]:
        """Return what the gate has written down."""
        release()
        found = select(AuditRow).where(AuditRow.action == "imaging:study:read").order_by(AuditRow.id)
        return list(db.session.execute(found).scalars())

    def _received(self, service: str, files: int = 1) -> Shown:
        patient = boards.my_visit(self.hospital.waiting(service), by=None).patient_id
        number = boards.patient_record(patient, by=self.hospital.cast.henry).mrn
        release()
        return self.take(Shown(patient, number, Pictures(patient_id=number)), files)
