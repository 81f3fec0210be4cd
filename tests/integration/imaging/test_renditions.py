"""Renditions: written behind the intake, the same bit for bit, and nothing is lost without them."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import time_machine

from app import settings
from app.core import clock, relay
from app.core.actor import SYSTEM
from app.imaging import archive as archives
from app.imaging import queries, renditions
from app.imaging import services as imaging
from app.imaging.renditions import places, writing
from app.imaging.rules import At
from app.imaging.services.pixels import frame_png
from app.imaging.services.rendering import render_study
from tests.integration.imaging.pictures import SIDE, Pictures

RNG = np.random.default_rng(7)


def noise(frames: int = 1) -> bytes:
    return RNG.integers(0, 4096, (frames, SIDE, SIDE)).astype("<u2").tobytes()


def take_in(*files: bytes) -> None:
    for content in files:
        taken = imaging.take(content, name="a.dcm", source="command", by=SYSTEM)
        assert taken.outcome is imaging.Outcome.STORED, taken.sentence


def deliver() -> int:
    consumer = relay.find("renditions")
    assert consumer is not None
    return relay.deliver_due(consumer)


def pictures() -> list[queries.Pictures]:
    return [one for study in queries.study_uids() for one in queries.pictures_of(study)]


def file_of(at: At, frame: int = 1) -> Path:
    address = renditions.address_of(at, frame)
    assert address is not None
    return renditions.folder() / address


def read_back(at: At, frame: int) -> bytes:
    file = file_of(at, frame).read_bytes()
    return bytes(imagecodecs.htj2k_decode(file.removeprefix(places.HEAD).removesuffix(places.TAIL)))


@pytest.fixture
def study(own_var) -> Pictures:
    """Take in a study of three slices."""
    of = Pictures()
    take_in(*(of.file(number, PixelData=noise()) for number in (1, 2, 3)))
    return of


def test_every_frame_that_came_in_has_its_rendition(study):
    assert all(renditions.address_of(one.at, 1) is None for one in pictures())
    assert deliver() == 1
    for one in pictures():
        original = archives.configured().frame(one.at, 1).content
        assert read_back(one.at, 1) == original
    assert imaging.count_renditions() == imaging.RenditionCount(frames=3, made=3, left_alone=0)
    assert deliver() == 0


def test_a_slice_that_comes_late_is_written_and_the_others_are_left(study):
    deliver()
    before = {one.at: file_of(one.at).stat().st_mtime_ns for one in pictures()}
    take_in(study.file(4, PixelData=noise()))
    assert deliver() == 1
    after = {one.at: file_of(one.at).stat().st_mtime_ns for one in pictures()}
    assert len(after) == 4
    assert before.items() <= after.items()


def test_each_frame_of_one_file_is_itself(own_var):
    content = noise(frames=5)
    take_in(Pictures().file(NumberOfFrames=5, PixelData=content))
    deliver()
    (one,) = pictures()
    found = [read_back(one.at, frame) for frame in range(1, 6)]
    assert b"".join(found) == content
    assert renditions.address_of(one.at, 6) is None
    assert renditions.address_of(one.at, 0) is None


def test_what_has_no_rendition_says_why_and_is_not_tried_for_ever(own_var, monkeypatch):
    grey, colour = Pictures(), Pictures()
    rgb = {
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "RGB",
        "PlanarConfiguration": 0,
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "PixelData": bytes(SIDE * SIDE * 3),
    }
    wide = {"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31, "PixelData": bytes(SIDE * SIDE * 4)}
    take_in(grey.file(PixelData=noise()), colour.file(1, **rgb), colour.file(2, **wide))
    assert deliver() == 2
    assert imaging.count_renditions() == imaging.RenditionCount(frames=3, made=1, left_alone=2)
    asked: list[At] = []
    monkeypatch.setattr(archives.FileArchive, "instance", lambda _, at: asked.append(at))
    for uid in queries.study_uids():
        assert render_study(uid)
    assert asked == []


def test_a_codec_that_fails_leaves_the_original_and_is_tried_again_when_told(study, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(imagecodecs, "htj2k_encode", lambda *_, **__: b"\xff\x4f\xff\xd9")
        assert deliver() == 1
    assert imaging.count_renditions() == imaging.RenditionCount(frames=3, made=0, left_alone=3)
    for one in pictures():
        assert renditions.address_of(one.at, 1) is None
        assert len(archives.configured().frame(one.at, 1).content) == SIDE * SIDE * 2
    assert list(imaging.render_again(study=None, is_all=False)) == [study.study]
    assert imaging.count_renditions() == imaging.RenditionCount(frames=3, made=3, left_alone=0)


def test_what_was_deleted_is_written_again_the_same(study):
    deliver()
    before = {one.at: file_of(one.at).read_bytes() for one in pictures()}
    for file in renditions.folder().rglob("*.jphc"):
        file.unlink()
    assert all(renditions.address_of(at, 1) is None for at in before)
    list(imaging.render_again(study=study.study, is_all=False))
    assert {at: file_of(at).read_bytes() for at in before} == before


def test_all_of_it_is_written_anew_when_asked(study):
    deliver()
    (first, *_) = pictures()
    file_of(first.at).write_bytes(b"what a bad disk gives back")
    list(imaging.render_again(study=None, is_all=False))
    assert file_of(first.at).read_bytes() == b"what a bad disk gives back"
    list(imaging.render_again(study=None, is_all=True))
    assert read_back(first.at, 1) == archives.configured().frame(first.at, 1).content


def test_a_turn_that_is_over_goes_on_where_it_ended(study):
    assert not render_study(study.study, most_seconds=0.0)
    assert imaging.count_renditions().made == 0
    assert deliver() == 1
    assert imaging.count_renditions().made == 3


def test_an_archive_that_is_away_costs_nothing_but_time(study, free_port):
    at_home = settings.current()
    settings.use(at_home.model_copy(update={"orthanc_url": f"http://127.0.0.1:{free_port}"}))
    assert deliver() == 0
    (standing,) = (one for one in relay.status() if one.consumer == "renditions")
    assert (standing.pending, standing.failed, standing.dead_letter) == (3, 0, 0)
    settings.use(at_home)
    relay.hurry("renditions")
    assert deliver() == 1
    assert imaging.count_renditions().made == 3


def test_a_worker_that_is_killed_is_followed_by_one_that_goes_on(study, monkeypatch):
    real = writing.write
    written: list[At] = []

    def killed_at_the_second(at: At, content: bytes, **more: Any) -> bool:
        if written:
            raise SystemExit
        written.append(at)
        return real(at, content, **more)

    with monkeypatch.context() as patched:
        patched.setattr(writing, "write", killed_at_the_second)
        with pytest.raises(SystemExit):
            deliver()
    assert imaging.count_renditions().made == 1
    assert deliver() == 0  # its lease has not run out
    consumer = relay.find("renditions")
    assert consumer is not None
    with time_machine.travel(clock.utcnow() + timedelta(seconds=consumer.lease_seconds + 1)):
        relay.reap([consumer.name])
        assert deliver() == 1
    assert imaging.count_renditions().made == 3


def test_two_hands_that_write_the_same_leave_one_whole_picture(study, sqlite_app):
    def write() -> None:
        with sqlite_app.app_context():
            render_study(study.study)

    with ThreadPoolExecutor(2) as hands:
        for done in [hands.submit(write) for _ in range(2)]:
            done.result()
    for one in pictures():
        assert read_back(one.at, 1) == archives.configured().frame(one.at, 1).content
    assert not list(renditions.folder().rglob("*.draft"))


def test_a_draft_of_somebody_who_was_killed_is_swept(study):
    deliver()
    folder = renditions.folder()
    old, young = folder / "old.draft", folder / "young.draft"
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    list(imaging.render_again(study=None, is_all=False))
    assert not old.exists()
    assert young.exists()


@pytest.mark.parametrize("uid", ["..", "1/2", "", "1.2/../3", "../../etc/passwd", "1" * 70])
def test_no_address_leads_out_of_the_folder(own_var, uid):
    good = "1.2.3"
    for at in (
        At(study=uid, series=good, instance=good),
        At(study=good, series=uid, instance=good),
        At(study=good, series=good, instance=uid),
    ):
        assert renditions.address_of(at, 1) is None


def test_asking_for_an_address_loads_no_numpy():
    """Every web process asks; few of them ever look at a pixel."""
    asked = (
        "import sys; from app.imaging import renditions; from app.imaging.rules import At;"
        "renditions.address_of(At(study='1.2', series='1.2', instance='1.2'), 1);"
        "import app.imaging.services, app.imaging.consumers;"
        "print([name for name in ('numpy', 'pydicom', 'imagecodecs') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_renditions_are_for_the_house_and_the_web_server_alone(study):
    deliver()
    path = file_of(pictures()[0].at)
    assert path.stat().st_mode & 0o777 == 0o640
    assert renditions.folder().stat().st_mode & 0o007 == 0


@pytest.mark.parametrize("uid", ["1.2.3", "../..", ".."])
def test_what_is_no_study_of_ours_is_refused_and_nothing_is_touched(study, sqlite_app, uid):
    deliver()
    answer = sqlite_app.test_cli_runner().invoke(args=["imaging", "renditions", "--all", "--study", uid])
    assert answer.exit_code == 1
    assert imaging.count_renditions().made == 3


@pytest.mark.orthanc
def test_an_orthanc_beside_us_gives_the_same(with_orthanc):
    content = noise(frames=3)
    take_in(Pictures().file(NumberOfFrames=3, PixelData=content))
    assert deliver() == 1
    (one,) = pictures()
    assert b"".join(read_back(one.at, frame) for frame in (1, 2, 3)) == content
    assert content.endswith(with_orthanc.frame(one.at, 3).content)
    assert imagecodecs.png_decode(frame_png(one.at, 2)).shape == (SIDE, SIDE)


def test_commands_say_how_it_stands(study, sqlite_app):
    runner = sqlite_app.test_cli_runner()
    made = runner.invoke(args=["imaging", "renditions", "--missing"])
    assert made.exit_code == 0, made.output
    assert study.study in made.output
    said = runner.invoke(args=["imaging", "status", "--json"])
    assert '"renditions": {"frames": 3, "made": 3, "left_alone": 0}' in said.output
    again = runner.invoke(args=["imaging", "renditions", "--all", "--study", study.study])
    assert again.exit_code == 0, again.output


def test_a_real_head_shrinks_to_a_third_and_stays_the_same(own_var, real_files):
    for path in real_files("ct_head_ge"):
        take_in(path.read_bytes())
    assert deliver() == 1
    whole = small = 0
    for one in pictures():
        original = archives.configured().frame(one.at, 1).content
        assert read_back(one.at, 1) == original
        whole, small = whole + len(original), small + file_of(one.at).stat().st_size
    assert small < whole / 3
