"""One contract, two archives: the house's own files and a real Orthanc."""

import hashlib
from pathlib import Path

import pytest

from app.imaging.archive import (
    Archive,
    ArchiveConflictError,
    ArchiveRefusedError,
    FileArchive,
    NotKeptError,
    Orthanc,
)
from app.imaging.part10 import read
from app.imaging.rules import At
from tests.integration.imaging.pictures import HTJ2K, Pictures, encapsulated, pixels, stream
from tests.services.private import ORTHANC_PASSWORD, ORTHANC_USER

NOWHERE = At(study="1.2.3", series="1.2.4", instance="1.2.5")


def test_a_file_comes_back_byte_by_byte(archive: Archive) -> None:
    of = Pictures()
    for number in (1, 2):
        content = of.file(number)
        at = read(content).at
        archive.store(at, content)
        archive.store(at, content)  # the same again is nothing
        assert archive.instance(at) == content
        assert archive.frame(at, 1).content == pixels(number)
    assert archive.series_of(of.study) == (of.series,)
    assert len(archive.instances_of(of.study, of.series)) == 2
    assert archive.is_up()


def test_what_is_compressed_is_given_as_it_is_written_down(archive: Archive) -> None:
    content = encapsulated(Pictures(), stream())
    at = read(content).at
    archive.store(at, content)
    assert hashlib.sha256(archive.instance(at)).digest() == hashlib.sha256(content).digest()
    if isinstance(archive, FileArchive):  # Orthanc 1.10 answers 500 for frames of HTJ2K (tried)
        found = archive.frame(at, 1)
        assert (found.content.rstrip(b"\0"), found.transfer_syntax) == (stream(), HTJ2K)


def test_other_bytes_under_a_number_are_told_and_never_kept(archive: Archive) -> None:
    of = Pictures()
    made = of.dataset(1)
    first = of.file(1, SOPInstanceUID=made.SOPInstanceUID)
    other = of.file(2, SOPInstanceUID=made.SOPInstanceUID)
    at = read(first).at
    archive.store(at, first)
    with pytest.raises(ArchiveConflictError):
        archive.store(at, other)
    assert archive.instance(at) == first


def test_headers_come_without_pictures(archive: Archive) -> None:
    of = Pictures(patient_id="A1")
    archive_files = [of.file(1), of.file(2)]
    for content in archive_files:
        archive.store(read(content).at, content)
    for found in (archive.metadata(of.study), archive.metadata(of.study, of.series)):
        assert sorted(one["00200013"]["Value"][0] for one in found) == [1, 2]
        assert {one["00100020"]["Value"][0] for one in found} == {"A1"}
        assert not any("InlineBinary" in one.get("7FE00010", {}) for one in found)


def test_what_is_not_there_is_not_there(archive: Archive) -> None:
    assert archive.series_of(NOWHERE.study) == ()
    assert archive.instances_of(NOWHERE.study, NOWHERE.series) == ()
    for ask in (
        lambda: archive.instance(NOWHERE),
        lambda: archive.frame(NOWHERE, 1),
        lambda: archive.metadata(NOWHERE.study),
    ):
        with pytest.raises(NotKeptError):
            ask()
    content = Pictures().file()
    archive.store(read(content).at, content)
    with pytest.raises(NotKeptError):
        archive.frame(read(content).at, 2)


def test_files_never_leave_their_folder(tmp_path: Path) -> None:
    archive = FileArchive(tmp_path / "archive")
    for uid in ("..", "../1.2", "1.2/3", "", "1.2\0", "1" * 65):
        with pytest.raises(ArchiveRefusedError):
            archive.store(At(study="1.2", series="1.3", instance=uid), b"x")
    assert not list(tmp_path.rglob("*.dcm"))
    content = Pictures().file()
    archive.store(read(content).at, content)
    assert not list(tmp_path.rglob("*.draft"))
    assert {file.stat().st_mode & 0o777 for file in tmp_path.rglob("*.dcm")} == {0o600}


def test_an_archive_that_is_away_or_does_not_know_us_is_not_up(orthanc_url: str, free_port: int) -> None:
    assert not Orthanc(orthanc_url, "proxy", "wrong").is_up()
    assert not Orthanc(f"http://127.0.0.1:{free_port}").is_up()


def test_garbage_is_refused_by_the_archive_and_it_lives(orthanc_url: str) -> None:
    archive = Orthanc(orthanc_url, ORTHANC_USER, ORTHANC_PASSWORD)
    with pytest.raises(ArchiveRefusedError):
        archive.store(NOWHERE, b"rubbish")
    assert archive.is_up()
