"""Heads at the API: one study of this ward and one of another, and what a program hands over instead of them."""

import json
from io import BytesIO
from typing import Any
from uuid import UUID

import numpy as np
from flask import Flask
from pydicom.dataset import Dataset
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from app.accounts import services as accounts
from app.boards import queries as boards
from app.core.actor import SYSTEM
from app.core.transaction import release
from app.demo.head_ct import Person, phantom_study
from app.imaging import services as imaging
from app.inference import handing
from app.inference.reading import volume_of
from app.inference.volume import Volume
from tests.cast import PASSWORD
from tests.hospital import Hospital
from tests.integration.imaging.pictures import written
from tests.web.api.partner import Partner, Partners

# Few and small enough for JSON.
ROWS, GAPS_MM = 128, (7.0,) * 18
PATH = "/inference"


class Heads:
    """Two studies of heads, and who asks for them to be measured."""

    def __init__(self, app: Flask, hospital: Hospital) -> None:
        self.partners, self.hospital = Partners(app, hospital), hospital
        accounts.create_staff("mia", "Mia", "radiology", PASSWORD, by=SYSTEM)
        self.mine, self.patient = self._received("consult", seed=1)
        self.theirs, _ = self._received("ortho", seed=2)
        release()

    def who(self, name: str) -> Partner:
        """Return somebody with a token."""
        return self.partners.staff(name)

    def measure(self, body: object, *, who: str = "grace", key: str = "k") -> Any:
        """Send JSON."""
        return self.who(who).post(PATH, body, key=key)

    def send(self, said: object, array: bytes, *, who: str = "grace", key: str = "k") -> Any:
        """Send a form."""
        return send(self.who(who), said, array, key=key)

    def _received(self, service: str, *, seed: int) -> tuple[list[Dataset], UUID]:
        patient = boards.my_visit(self.hospital.waiting(service), by=None).patient_id
        number = boards.patient_record(patient, by=self.hospital.cast.henry).mrn
        study = head(seed=seed, person=Person(patient_id=number))
        self.take(study)
        return study, patient

    def take(self, study: list[Dataset]) -> None:
        """Take a study over."""
        for one in study:
            assert imaging.take(written(one), name="a.dcm", source="test", by=SYSTEM).study_id


def send(who: Partner, said: object, array: bytes, *, key: str = "k") -> Any:
    """Send a form as somebody."""
    file = FileStorage(BytesIO(array), "volume.npy", content_type="application/x-npy")
    boundary, body = encode_multipart({"request": json.dumps(said), "image_array": file})
    kind = f"multipart/form-data; boundary={boundary}"
    return who.send("POST", PATH, data=body, content_type=kind, headers={"Idempotency-Key": key})


def head(seed: int = 1, **said: Any) -> list[Dataset]:
    """Give a head with a lesion of 15 mL."""
    return phantom_study(seed, **{"lesion_ml": 15.0, "rows": ROWS, "gaps_mm": GAPS_MM, **said})


def ref(study: list[Dataset]) -> dict[str, dict[str, str]]:
    """Return the body that names a series."""
    uids = {
        "study_instance_uid": study[0].StudyInstanceUID,
        "series_instance_uid": study[0].SeriesInstanceUID,
    }
    return {"study_ref": uids}


def handed(study: list[Dataset]) -> tuple[Volume, dict[str, Any]]:
    """Return a study's volume, and what is said of it."""
    volume = volume_of(study)
    return volume, {"metadata": handing.written(volume)}


def npy(array: Any) -> bytes:
    """Return an array as a file."""
    file = BytesIO()
    np.save(file, array)
    return file.getvalue()
