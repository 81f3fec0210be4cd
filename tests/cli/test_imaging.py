"""flask imaging: a folder goes in, and monitors read how it stands."""

import json
from pathlib import Path

import pytest
from flask import Flask

from app import settings
from tests.integration.imaging.pictures import Pictures


@pytest.fixture
def disc(sqlite_app: Flask, tmp_path: Path) -> Path:
    """Give a folder with two pictures of a study and a text, and let the house keep its files beside it."""
    settings.use(settings.current().model_copy(update={"var_dir": tmp_path / "var"}))
    folder, of = tmp_path / "disc", Pictures(patient_id="A1")
    (folder / "DICOM").mkdir(parents=True)
    for number in (1, 2):
        (folder / "DICOM" / f"IM{number}").write_bytes(of.file(number))
    (folder / "README.TXT").write_text("nothing")
    return folder


def run(app: Flask, *words: str) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["imaging", *words])
    return done.exit_code, done.output


def test_a_folder_is_taken_over_and_told_of(sqlite_app: Flask, disc: Path) -> None:
    code, said = run(sqlite_app, "ingest", str(disc), "--json")
    assert code == 0
    first = json.loads(said)
    assert {name: first[name] for name in ("received", "stored", "repeated", "quarantined")} == {
        "received": 3,
        "stored": 2,
        "repeated": 0,
        "quarantined": 1,
    }
    assert [one["file"] for one in first["refused"]] == ["README.TXT"]
    code, said = run(sqlite_app, "status", "--json")
    found = json.loads(said)
    assert (found["stored"], found["quarantined"]) == (2, 1)
    (study,) = found["studies"]
    assert (study["state"], study["patient"], study["instances"]) == ("received", None, 2)
    assert study["detail"]
    code, said = run(sqlite_app, "ingest", str(disc))
    assert (code, said.count("\n")) == (0, 2)
    code, said = run(sqlite_app, "status")
    assert code == 0
    assert "README.TXT" in said


def test_what_is_not_there_is_refused_in_one_sentence(sqlite_app: Flask, disc: Path) -> None:
    code, said = run(sqlite_app, "ingest", str(disc / "nowhere"))
    assert code == 1
    assert said.count("\n") == 1
    assert run(sqlite_app, "ingest")[0] == 2


def test_an_analysis_is_asked_for_once_more(sqlite_app: Flask, disc: Path) -> None:
    run(sqlite_app, "ingest", str(disc))
    (study,) = json.loads(run(sqlite_app, "status", "--json")[1])["studies"]
    assert run(sqlite_app, "analyse", study["study_instance_uid"])[0] == 0
    assert json.loads(run(sqlite_app, "status", "--json")[1])["states"]["received"] == 1
    code, said = run(sqlite_app, "analyse", "1.2.3")
    assert code == 1
    assert said.count("\n") == 1


def test_a_file_that_is_not_kept_fails_the_command(sqlite_app: Flask, disc: Path) -> None:
    settings.use(settings.current().model_copy(update={"quarantine_mb": 1}))
    for number in (1, 2):
        (disc / f"{number}.zip").write_bytes(f"PK{number}".encode().ljust(600_000, b"."))
    code, said = run(sqlite_app, "ingest", str(disc))
    assert code == 1
    assert "2.zip" in said
    code, said = run(sqlite_app, "ingest", str(disc), "--json")
    assert code == 1
    found = json.loads(said.splitlines()[0])
    assert (found["received"], found["repeated"], found["quarantined"], found["turned_away"]) == (5, 2, 2, 1)
