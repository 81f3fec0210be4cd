"""Models over the API: the same pixels give the same answer by every way, and no array is believed."""

import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask

from app import settings
from app.door import heavy
from app.imaging.rules import MIB, REFUSALS
from app.imaging.services.answering import LONGEST_KEPT
from app.inference import answers, registry
from app.inference.errors import Refusal
from app.inference.volume import MOST_ROWS, MOST_VOXELS
from app.web.api.inference import MOST_FORM_BYTES, MOST_JSON_BYTES
from tests.hospital import Hospital
from tests.web.api.heads import Heads, handed, head, npy, ref, send
from tests.web.api.partner import Partners, records
from tests.web.api.test_refusals import refused

NATURE = "measurement, not a diagnosis"


@pytest.fixture
def heads(sqlite_app: Flask, hospital: Hospital, tmp_path: Any) -> Heads:
    settings.use(settings.current().model_copy(update={"var_dir": tmp_path}))
    return Heads(sqlite_app, hospital)


@pytest.mark.timeout(120)
def test_the_same_volume_by_every_way_has_the_same_result(heads: Heads) -> None:
    volume, said = handed(heads.mine)
    by_json = heads.measure({**said, "image_array": volume.stored.tolist()}, key="a")
    by_npy = heads.send(said, npy(volume.stored), key="b")
    by_ref = heads.measure(ref(heads.mine), key="c")
    for answer in (by_json, by_npy, by_ref):
        assert answer.status_code == 200, answer.text
        assert answer.json == by_json.json
    found = by_json.json
    expected = registry.run(registry.load().get(registry.BUILT_IN), volume)
    assert (found["result_sha256"], found["input_sha256"]) == (expected.sha256, volume.sha256())
    assert found["model"] == {"id": "head-ct-measurement", "version": "1", "sha256": expected.model.sha256}
    assert (found["nature"], found["analysed"], found["reason"]) == (NATURE, True, None)
    dense = next(one for one in found["measures"] if one["name"] == "dense-volume")
    assert dense["unit"] == "mL"
    assert dense["value"] == pytest.approx(15.0, rel=0.2)
    assert records(["audit"])["audit"].count("imaging:model:use") == 3
    assert f'"{heads.patient}"'.replace("-", "") in records(["audit"])["audit"].replace("-", "")


def test_masks_come_back_where_they_are_asked_for(heads: Heads) -> None:
    volume, said = handed(heads.mine)
    answer = heads.send({**said, "masks": True}, npy(volume.stored)).json
    result = answers.read(answer, volume.shape)
    assert result.sha256 == answer["result_sha256"]
    assert set(result.findings.masks) == {"brain", "dense"}
    assert 10_000 < result.findings.masks["brain"].sum() < volume.stored.size


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"modality": "MR"}, "not-ct"),
        ({"slope": 0.0}, "rescale-invalid"),
        ({"gaps_mm": (7.0,) * 6 + (21.0,) + (7.0,) * 9}, "missing-slices"),
        ({"with_skull": False}, "brain-volume"),
        ({"body_part": "ABDOMEN"}, "not-head"),
        ({"contrast": "Iohexol"}, "contrast"),
        ({"gaps_mm": (7.0,) * 4}, "too-few-slices"),
    ],
    ids=str,
)
def test_what_cannot_be_judged_is_an_answer(partners: Partners, said: dict[str, Any], refusal: str) -> None:
    study = head(**said)
    if "gaps_mm" in said and refusal == "missing-slices":
        for one in study:
            one.SliceThickness = "7"
    volume, given = handed(study)
    answer = send(partners.staff("grace"), given, npy(volume.stored))
    assert answer.status_code == 200, answer.text
    assert (answer.json["analysed"], answer.json["refusal"]) == (False, refusal)
    assert answer.json["measures"] == answer.json["regions"] == []
    assert answer.json["reason"]
    assert answer.json["nature"] == NATURE


def test_every_refusal_has_a_sentence() -> None:
    assert REFUSALS.keys() == set(Refusal)


def test_a_series_that_makes_no_volume_is_an_answer_too(heads: Heads) -> None:
    study = head(seed=3)
    study[4].PixelSpacing = ["3", "3"]
    heads.take(study)
    answer = heads.measure(ref(study), who="mia")
    assert (answer.status_code, answer.json["refusal"]) == (200, "mixed-series"), answer.text
    assert (answer.json["input_sha256"], answer.json["model"]["id"]) == ("", registry.BUILT_IN)


def _header(text: str, version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text.encode()


def _said_shape(shape: str, dtype: str = "'<i2'") -> bytes:
    return _header(f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}\n")


HOSTILE: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 422, "npy"),
    "a web page": (b"<html>" * 100, 422, "npy"),
    "a pickle": (b"\x80\x04\x95" + b"\0" * 200, 422, "npy"),
    "objects": (npy(np.array([[[{}]]], dtype=object)), 422, "dtype"),
    "records": (npy(np.zeros((1, 2, 2), dtype=[("a", "<i2")])), 422, "dtype"),
    "words": (npy(np.full((2, 2, 2), "word")), 422, "dtype"),
    "complex": (npy(np.zeros((2, 2, 2), complex)), 422, "dtype"),
    "wide": (npy(np.zeros((2, 2, 2), "<f8")), 422, "dtype"),
    "flat": (npy(np.zeros((40, 40), "<i2")), 422, "shape"),
    "empty": (npy(np.zeros((0, 40, 40), "<i2")), 422, "shape"),
    "cut off": (npy(np.zeros((19, 64, 64), "<i2"))[:-5], 422, "length"),
    "too long": (npy(np.zeros((19, 64, 64), "<i2")) + b"\0", 422, "length"),
    "a lie": (_said_shape("(19, 512, 512)") + b"\0" * 64, 422, "length"),
    "negative": (_said_shape("(-1, -1, 19)"), 422, "shape"),
    "huge": (_said_shape("(1048576, 2048, 2048)"), 413, ""),
    "beyond numbers": (_said_shape("(19, 512, 10**400)"), 422, "npy"),
    "a call": (_said_shape("__import__('os').system('true')"), 422, "npy"),
    "a long header": (_header("{" * 60_000), 422, "npy"),
    "not finite": (npy(np.full((19, 16, 16), np.nan, "<f4")), 422, "not-finite"),
    "other slices": (npy(np.zeros((7, 16, 16), "<i2")), 422, "slices"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_array_is_believed(partners: Partners, name: str) -> None:
    content, status, fault = HOSTILE[name]
    _, said = handed(head())
    answer = send(partners.staff("grace"), said, content)
    details = refused(answer, status, "INVALID" if status == 422 else "TOO_LARGE")
    assert details.get("fault", "") == fault


def test_too_much_in_json_is_told_the_better_way(partners: Partners) -> None:
    body = {"image_array": [[[0] * 600_000]], "metadata": {}}
    answer = partners.staff("grace").post(
        "/inference", {**body, "fill": "0" * 1_000_000}, key="k", **{"Accept-Language": "en"}
    )
    refused(answer, 413, "TOO_LARGE")
    assert "application/x-npy" in answer.json["detail"]
    assert "study_ref" in answer.json["detail"]


def test_a_form_has_an_end_too(partners: Partners) -> None:
    answer = partners.staff("grace").send(
        "POST",
        "/inference",
        data=b"--x--\r\n",
        content_type="multipart/form-data; boundary=x",
        headers={"Idempotency-Key": "k"},
        environ_overrides={"CONTENT_LENGTH": str(600 * 1024 * 1024)},
    )
    refused(answer, 413, "TOO_LARGE")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "INVALID"),
        ({"image_array": [[[1]]]}, 422, "INVALID"),
        ({"image_array": [[[1]]], "study_ref": {}}, 422, "INVALID"),
        ({"study_ref": {"study_instance_uid": "../x", "series_instance_uid": "1.2"}}, 422, "INVALID"),
        ({"study_ref": {"study_instance_uid": "1.2", "series_instance_uid": "1.2"}}, 404, "NOT_FOUND"),
        ({"image_array": [[[1], [1, 2]]], "metadata": None}, 422, "INVALID"),
    ],
)
def test_what_is_missing_is_named(partners: Partners, body: object, status: int, code: str) -> None:
    refused(partners.staff("grace").post("/inference", body, key="k"), status, code)


def test_other_content_types_are_not_read(partners: Partners) -> None:
    grace = partners.staff("grace")
    for kind in ("text/plain", "application/x-npy", "application/x-www-form-urlencoded"):
        answer = grace.send(
            "POST", "/inference", data=b"x=1", content_type=kind, headers={"Idempotency-Key": "k"}
        )
        refused(answer, 415, "MALFORMED")
    refused(grace.post("/inference", {}), 400, "MALFORMED")


def test_a_repeat_is_not_measured_again_and_another_array_is_refused(partners: Partners) -> None:
    volume, said = handed(head(with_skull=False))
    grace = partners.staff("grace")
    first, again = (send(grace, said, npy(volume.stored)) for _ in range(2))
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")
    assert records(["audit"])["audit"].count("imaging:model:use") == 1
    refused(send(grace, said, npy(volume.stored + 1)), 422, "IDEMPOTENCY_KEY_REUSED")


def test_whose_study_it_is_decides(heads: Heads) -> None:
    """403 without the right, 404 for another ward's, 401 for nobody; a repeat is looked at again."""
    body = ref(heads.theirs)
    for name, status, code in (
        ("grace", 404, "NOT_FOUND"),
        ("anne", 403, "NOT_ALLOWED"),
        ("chris", 403, "NOT_ALLOWED"),
        ("eve", 401, "SIGN_IN_NEEDED"),
    ):
        refused(heads.measure(body, who=name), status, code)
    mixed = {"study_ref": {**ref(heads.mine)["study_ref"], "series_instance_uid": "1.2.3"}}
    refused(heads.measure(mixed), 404, "NOT_FOUND")


def test_when_all_places_are_taken_the_next_one_waits(partners: Partners) -> None:
    most, grace = settings.current().inference_at_once, partners.staff("grace")
    assert all(heavy._places.take(most) for _ in range(most))
    try:
        busy = grace.post("/inference", {}, key="k")
        refused(busy, 503, "BUSY")
        assert busy.headers["Retry-After"] == "5"
    finally:
        for _ in range(most):
            heavy._places.give_back()
    refused(grace.post("/inference", {}, key="k"), 422, "INVALID")
    assert heavy._places.taken == 0


def test_models_are_listed_with_their_cards(partners: Partners) -> None:
    for name, status in (("grace", 200), ("chris", 200), ("anne", 403), ("iris", 403), ("eve", 401)):
        assert partners.staff(name).get("/models").status_code == status
    grace = partners.staff("grace")
    (card,) = grace.get("/models").json["models"]
    assert (card["id"], card["version"], card["modality"]) == (registry.BUILT_IN, "1", "CT")
    assert grace.get(f"/models/{registry.BUILT_IN}?version=1").json == card
    ready = {"id": registry.BUILT_IN, "version": "1", "ready": True}
    assert grace.get(f"/models/{registry.BUILT_IN}/ready").json == ready
    for path in ("nobody", "nobody/ready", f"{registry.BUILT_IN}/ready?version=9"):
        refused(grace.get(f"/models/{path}"), 404, "NOT_FOUND")


def test_a_model_that_nobody_has_is_not_found(partners: Partners) -> None:
    volume, said = handed(head())
    answer = send(partners.staff("grace"), {**said, "model": {"id": "nobody"}}, npy(volume.stored))
    refused(answer, 404, "NOT_FOUND")


def test_the_example_of_the_document_is_answered(partners: Partners) -> None:
    page = (settings.ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    slices = np.full((12, 64, 64), 1064, "<i2")
    answer = send(partners.staff("grace"), json.loads(said), npy(slices))
    assert answer.status_code == 200, answer.text
    assert (answer.json["model"]["id"], answer.json["analysed"]) == (registry.BUILT_IN, False)
    assert answer.json["refusal"] in set(Refusal)
    assert str(MOST_JSON_BYTES // MIB) in re.findall(r"more JSON than (\d+) MiB", page)
    assert re.findall(r"\| (\d+) MiB; (\d+) rows and columns, ([\d,]+) numbers", page) == [
        (str(MOST_FORM_BYTES // MIB), str(MOST_ROWS), f"{MOST_VOXELS:,}")
    ]
    assert f"{LONGEST_KEPT:,} signs" in page


def test_a_picture_that_was_changed_in_the_archive_measures_nobody(heads: Heads, tmp_path: Path) -> None:
    one = sorted((tmp_path / "archive" / heads.mine[0].StudyInstanceUID).rglob("*.dcm"))[3]
    content = one.read_bytes()
    one.write_bytes(content[:-2] + b"\x07\x07")
    answer = heads.measure(ref(heads.mine))
    assert (answer.status_code, answer.json["refusal"]) == (200, "unreadable"), answer.text
    assert answer.json["measures"] == []
    one.unlink()
    assert heads.measure(ref(heads.mine), key="b").json["refusal"] == "unreadable"
    one.write_bytes(content)
    assert heads.measure(ref(heads.mine), key="c").json["analysed"]
