"""Nobody comes past the gate, each request leaves one row, and what cannot be written down is not shown."""

from pydantic import SecretStr
from sqlalchemy import text
from werkzeug.test import TestResponse

from app import settings
from app.accounts import services as accounts
from app.core.actor import SYSTEM
from app.core.db import db
from app.core.transaction import release
from app.imaging import renditions
from app.imaging import services as imaging
from app.imaging.archive import multipart
from app.imaging.rules import At
from tests.integration.imaging.pictures import HTJ2K, Pictures, pixels, stream
from tests.services.private import ORTHANC_PASSWORD, ORTHANC_USER
from tests.web.dicomweb.gallery import ALL, FILE, FRAME, JSON, ROOT, Gallery, Shown
from tests.web.scenes import statements

# Below the gate, but no way of it.
CLOSED = (
    "",
    "servers",
    "series",
    "instances",
    "instances/{at.instance}",
    "studies/{at.study}/",
    "studies/{at.study}/thumbnail",
    "studies/{at.study}/rendered",
    "studies/{at.study}/series/{at.series}/thumbnail",
    "studies/{at.study}/series/{at.series}/instances/{at.instance}/bulk/7fe00010",
    "studies/{at.study}/series/{at.series}/instances/{at.instance}/frames/0",
    "studies/{at.study}/series/{at.series}/instances/{at.instance}/frames/2",
    "studies/{at.study}/series/{at.series}/instances/{at.instance}/frames/1,,2",
    "studies/{at.study}/series/{at.series}/instances/{at.instance}/../../../..",
    "studies/{at.study}%2f..%2f..%2ftools",
    "studies/{at.study}/%2e%2e/%2e%2e/instances",
    "studies/{at.study}%3fa=b",
    "studies/{at.study}%00",
    "studies/{at.study}%0d%0aX-Accel-Redirect:%20/_orthanc/",
    "studies/*/series",
    "studies/영상",
)
# Of the archive or of nginx, and nothing here.
ELSEWHERE = (
    "/_orthanc/dicom-web/studies",
    "/_ht/1/1.jphc",
    "/_frames/1",
    "/instances",
    "/studies",
    "/wado?requestType=WADO",
    "/tools/execute-script",
    "/app/explorer.html",
    "/system",
)


def parts(answer: TestResponse) -> list[tuple[bytes, str]]:
    return multipart.read(answer.get_data(), answer.content_type)


def ways_of(shown: Shown) -> list[tuple[str, str]]:
    """Return every address of a study, and how it is asked for."""
    return [
        (shown.study, FILE),
        (f"{shown.study}/series", JSON),
        (f"{shown.study}/instances", JSON),
        (f"{shown.study}/metadata", JSON),
        (shown.series, FILE),
        (f"{shown.series}/instances", JSON),
        (f"{shown.series}/metadata", JSON),
        (shown.instance(), FILE),
        (f"{shown.instance()}/metadata", JSON),
        (f"{shown.instance()}/frames/1", FRAME),
        (f"{shown.instance()}/rendered", "image/png"),
        (f"{shown.instance()}/frames/1/rendered", "image/png"),
        (f"{ROOT}/studies?StudyInstanceUID={shown.of.study}", JSON),
    ]


def test_whoever_may_see_a_study_gets_all_of_it(gallery: Gallery) -> None:
    for who in ("anne", "mia"):
        for path, accept in ways_of(gallery.mine):
            answer = gallery.ask(who, path, accept)
            assert answer.status_code == 200, path
            assert answer.headers["Cache-Control"] == "private, no-store"
    assert len(gallery.rows()) == 2 * len(ways_of(gallery.mine))
    assert {(row.outcome, row.patient) for row in gallery.rows()} == {("ok", gallery.mine.patient)}


def test_others_are_refused_by_what_they_are(gallery: Gallery) -> None:
    refused = {"eve": 401, "ben": 404, "henry": 403, "chris": 403, "iris": 403, "jonas": 403, "kate": 403}
    for who, status in refused.items():
        for path, accept in ways_of(gallery.mine):
            answer = gallery.ask(who, path, accept)
            assert (answer.status_code, answer.content_type) == (status, "application/problem+json"), path
            assert gallery.mine.number.encode() not in answer.get_data()
    rows = gallery.rows()
    assert len(rows) == len(refused) * len(ways_of(gallery.mine))
    assert {(row.outcome, row.patient) for row in rows} == {("refused", gallery.mine.patient)}
    assert gallery.ask("eve", gallery.mine.study).headers["WWW-Authenticate"].startswith("Bearer")


def test_what_is_nobodys_is_radiologys_alone(gallery: Gallery) -> None:
    for path, accept in ways_of(gallery.nobodys):
        assert gallery.ask("anne", path, accept).status_code == 404
        assert gallery.ask("mia", path, accept).status_code == 200


def test_what_is_not_on_the_list_is_not_there(gallery: Gallery) -> None:
    for path in CLOSED:
        asked = f"{ROOT}/{path.format(at=gallery.theirs.ats[0])}"
        for who in ("mia", "anne"):
            assert gallery.ask(who, asked, FILE).status_code == 404, path
        assert gallery.ask("eve", asked, FILE).status_code in {401, 404}, path
    assert [row.outcome for row in gallery.rows()] == ["refused"] * 3 * len(CLOSED)
    for path in ELSEWHERE:
        for who in ("mia", "eve"):
            assert gallery.ask(who, path).status_code == 404, path


def test_there_is_nothing_to_do_but_to_read(gallery: Gallery) -> None:
    for method in ("HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"):
        for path in (gallery.mine.study, f"{ROOT}/studies", gallery.mine.instance()):
            assert gallery.ask("mia", path, FILE, method).status_code == 405
    assert [row.outcome for row in gallery.rows()] == ["refused"] * 18


def test_ones_own_study_never_leads_to_anothers_picture(gallery: Gallery) -> None:
    """The whole check rests on this: series and instances are looked up inside the study that was allowed."""
    mine, theirs = gallery.mine.ats[0], gallery.theirs.ats[0]
    secret = pixels(1)
    mixed = [
        At(study=mine.study, series=theirs.series, instance=theirs.instance),
        At(study=mine.study, series=mine.series, instance=theirs.instance),
        At(study=mine.study, series=theirs.series, instance=mine.instance),
        At(study=theirs.study, series=mine.series, instance=mine.instance),
        At(study=mine.study, series="1.2.3", instance=mine.instance),
    ]
    for at in mixed:
        series = f"{ROOT}/studies/{at.study}/series/{at.series}"
        for path, accept in (
            (f"{series}/instances/{at.instance}", FILE),
            (f"{series}/instances/{at.instance}/metadata", JSON),
            (f"{series}/instances/{at.instance}/frames/1", FRAME),
            (f"{series}/instances/{at.instance}/rendered", "image/png"),
            (f"{series}/instances/{at.instance}/bulk/7fe00010", FILE),
        ):
            answer = gallery.ask("anne", path, accept)
            assert answer.status_code == 404
            assert secret not in answer.get_data()
    assert gallery.ask("anne", f"{gallery.mine.study}/series/{theirs.series}/metadata").status_code == 404
    assert secret in gallery.ask("anne", f"{gallery.mine.instance()}/frames/1", FRAME).get_data()


def test_files_and_frames_come_as_they_were_written_down(gallery: Gallery) -> None:
    mine = gallery.mine
    whole = parts(gallery.ask("anne", mine.study, FILE))
    assert sorted(content for content, _ in whole) == sorted(mine.files)
    assert {kind for _, kind in whole} == {"application/dicom; transfer-syntax=1.2.840.10008.1.2.1"}
    ((content, _),) = parts(gallery.ask("anne", mine.instance(1), FILE))
    assert content == mine.files[1]
    ((frame, kind),) = parts(gallery.ask("anne", f"{mine.instance(1)}/frames/1", FRAME))
    assert (frame, kind) == (pixels(2), "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")


def test_a_frame_is_drawn_in_the_window_asked_for(gallery: Gallery) -> None:
    path = f"{gallery.mine.instance()}/frames/1/rendered"
    plain = gallery.ask("anne", path)
    assert (plain.content_type, plain.get_data()[:4]) == ("image/png", b"\x89PNG")
    for said in ("-1023,2", "40,80,linear", "40.5,400.25"):
        assert gallery.ask("anne", f"{path}?window={said}").status_code == 200
    for said in ("40", "a,b", "40,0", "40,80,sigmoid-and-more", "9" * 9 + ",1"):
        assert gallery.ask("anne", f"{path}?window={said}").status_code == 400, said
    assert gallery.ask("anne", f"{gallery.mine.instance()}/frames/1,1/rendered").status_code == 404


def test_frames_of_many_come_in_the_order_asked_for(gallery: Gallery) -> None:
    cine = Shown(None, "K-1", Pictures(patient_id="K-1"))
    cine.files = [cine.of.file(NumberOfFrames="3", PixelData=pixels(7) + pixels(8) + pixels(9))]
    imaging.take(cine.files[0], name="cine.dcm", source="test", by=SYSTEM)
    found = parts(gallery.ask("mia", f"{cine.instance()}/frames/3,1", FRAME))
    assert [content for content, _ in found] == [pixels(9), pixels(7)]
    assert gallery.ask("mia", f"{cine.instance()}/frames/4", FRAME).status_code == 404


def test_a_rendition_is_for_those_who_can_read_it(gallery: Gallery) -> None:
    at, path = gallery.mine.ats[0], f"{gallery.mine.instance()}/frames/1"
    assert renditions.address_of(at, 1) is None
    place = renditions.places.place_of(at, 1)
    place.parent.mkdir(parents=True)
    place.write_bytes(renditions.places.HEAD + stream() + renditions.places.TAIL)
    for accept in (FRAME, f"multipart/related; type=image/jphc; {ALL}", 'image/jphc; transfer-syntax="*"'):
        ((frame, kind),) = parts(gallery.ask("anne", path, accept))
        assert (frame, kind) == (stream(), f"image/jphc; transfer-syntax={HTJ2K}")
    for accept in ("", "*/*", 'multipart/related; type="application/octet-stream"'):
        ((frame, _),) = parts(gallery.ask("anne", path, accept))
        assert frame == pixels(1)
    assert gallery.ask("ben", path, FRAME).status_code == 404
    place.unlink()
    ((frame, _),) = parts(gallery.ask("anne", path, FRAME))
    assert frame == pixels(1)


def test_lists_are_our_own(gallery: Gallery) -> None:
    mine = gallery.mine
    (study,) = gallery.ask("anne", f"{ROOT}/studies?StudyInstanceUID={mine.of.study}").get_json(force=True)
    assert study["00100020"]["Value"] == [mine.number]
    assert study["00201208"]["Value"] == [3]
    assert gallery.ask("anne", f"{ROOT}/studies?PatientID={mine.number}").get_json(force=True) == [study]
    assert gallery.ask("ben", f"{ROOT}/studies?PatientID={mine.number}").get_json(force=True) == []
    both = f"{ROOT}/studies?StudyInstanceUID={mine.of.study},{gallery.theirs.of.study}"
    assert len(gallery.ask("mia", both).get_json(force=True)) == 2
    assert gallery.ask("anne", both).get_json(force=True) == [study]
    for query in ("", "?PatientID=", "?PatientName=*", "?StudyInstanceUID=*", "?StudyInstanceUID=1.2';--"):
        answer = gallery.ask("mia", f"{ROOT}/studies{query}")
        assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    for query in ("&limit=x", "&offset=-1", "&limit=9999999"):
        assert gallery.ask("mia", both + query).status_code == 400
    assert len(gallery.ask("mia", both + "&limit=1&offset=1").get_json(force=True)) == 1
    listed = gallery.ask("anne", f"{mine.series}/instances").get_json(force=True)
    assert [one["00200013"]["Value"] for one in listed] == [[1], [2], [3]]


def test_headers_tell_no_address_and_no_pixels(gallery: Gallery) -> None:
    for path in (gallery.mine.study, gallery.mine.series, gallery.mine.instance()):
        answer = gallery.ask("anne", f"{path}/metadata")
        found = answer.get_json(force=True)
        assert {one["0020000D"]["Value"][0] for one in found} == {gallery.mine.of.study}
        assert b"BulkDataURI" not in answer.get_data()
        assert not any("00081190" in one for one in found)


def test_a_picture_that_we_refused_is_not_shown_though_the_archive_has_it(gallery: Gallery) -> None:
    """A modality has sent another patient's picture under this study: quarantined here, kept there."""
    from app.imaging import archive as archives  # noqa: PLC0415
    from app.imaging.part10 import read  # noqa: PLC0415

    mine = gallery.mine
    stray = Pictures(patient_id="another", study=mine.of.study, series=mine.of.series).file(9)
    archives.configured().store(read(stray).at, stray)
    for path, accept in ways_of(mine):
        assert read(stray).at.instance.encode() not in gallery.ask("anne", path, accept).get_data()
    path = f"{mine.series}/instances/{read(stray).at.instance}"
    assert gallery.ask("anne", path, FILE).status_code == 404


def test_without_a_row_there_is_no_picture(gallery: Gallery) -> None:
    ways = ways_of(gallery.mine)
    gallery.ask("anne", ways[0][0])
    gallery.ask("ben", ways[0][0])
    with db.engine.begin() as connection:
        full = "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END"
        connection.execute(text(full))
    before = len(gallery.rows())
    for who in ("anne", "ben"):
        for path, accept in ways:
            answer = gallery.ask(who, path, accept)
            assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
            assert pixels(1) not in answer.get_data()
            assert not answer.headers.get("X-Accel-Redirect")
    assert len(gallery.rows()) == before
    settings.use(
        settings.current().model_copy(update={"dicom_delivery": "x-accel", "orthanc_url": "http://a:1"})
    )
    answer = gallery.ask("anne", f"{gallery.mine.instance()}/frames/1", FRAME)
    assert (answer.status_code, answer.headers.get("X-Accel-Redirect")) == (503, None)


def test_who_leaves_sees_no_further_frame(gallery: Gallery) -> None:
    path = f"{gallery.mine.instance()}/frames/1"
    for who in ("anne", "grace"):
        assert gallery.ask(who, path, FRAME).status_code == 200
    anne, grace = gallery.hospital.cast.anne.id, gallery.hospital.cast.grace.id
    assert anne
    assert grace
    accounts.revoke_all_of(anne, by=SYSTEM)
    accounts.disable_staff(grace, by=SYSTEM)
    for who in ("anne", "grace"):
        assert gallery.ask(who, path, FRAME).status_code == 401
    assert [row.outcome for row in gallery.rows()] == ["ok", "ok", "refused", "refused"]


def test_a_program_comes_with_its_token(gallery: Gallery) -> None:
    asked = gallery.app.test_client(use_cookies=False)
    body = {"username": "anne", "password": "a quiet ward at night"}
    token = asked.post("/api/v1/auth/login", json=body).get_json()["access_token"]
    path = f"{gallery.mine.instance()}/frames/1"
    for bearer, status in ((token, 200), (token[:-4] + "AAAA", 401), ("", 401)):
        headers = {"Authorization": f"Bearer {bearer}", "Accept": FRAME}
        assert asked.get(path, headers=headers).status_code == status


def test_what_a_client_says_of_delivery_means_nothing(gallery: Gallery) -> None:
    said = {"X-Accel-Redirect": "/_orthanc/instances", "X-Sendfile": "/etc/passwd", "Range": "bytes=0-3"}
    path = f"{gallery.mine.instance()}/frames/1"
    answer = gallery.ask("anne", path, FRAME, headers=said)
    assert (answer.status_code, parts(answer)[0][0]) == (200, pixels(1))
    assert gallery.ask("ben", path, FRAME, headers=said).status_code == 404


def test_an_orthanc_is_asked_by_us_where_no_nginx_stands_in_front(
    gallery: Gallery, orthanc_url: str, free_port: int
) -> None:
    beside = {
        "orthanc_url": orthanc_url,
        "orthanc_user": ORTHANC_USER,
        "orthanc_password": SecretStr(ORTHANC_PASSWORD),
    }
    settings.use(settings.current().model_copy(update=beside))
    shown = gallery.take(Shown(None, "K-3", Pictures(patient_id="K-3")), files=2)
    assert sorted(one for one, _ in parts(gallery.ask("mia", shown.study, FILE))) == sorted(shown.files)
    ((frame, _),) = parts(gallery.ask("mia", f"{shown.instance(1)}/frames/1", FRAME))
    assert frame == pixels(2)
    headers = gallery.ask("mia", f"{shown.series}/metadata")
    assert sorted(one["00200013"]["Value"] for one in headers.get_json(force=True)) == [[1], [2]]
    assert orthanc_url.encode() not in headers.get_data()
    assert gallery.ask("anne", f"{shown.instance(1)}/frames/1", FRAME).status_code == 404
    beside["orthanc_url"] = f"http://127.0.0.1:{free_port}"
    settings.use(settings.current().model_copy(update=beside))
    for path, accept in (
        (shown.study, FILE),
        (f"{shown.instance()}/frames/1", FRAME),
        (f"{shown.series}/metadata", JSON),
    ):
        answer = gallery.ask("mia", path, accept)
        assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
        assert int(answer.headers["Retry-After"]) >= 1
    assert gallery.ask("mia", f"{shown.study}/instances").status_code == 200


def test_nginx_is_told_where_by_our_own_numbers_alone(gallery: Gallery) -> None:
    """With an archive beside us; nothing of the query, and no type of ours, goes with it."""
    at, own = gallery.mine.ats[0], gallery.mine.instance()
    beside = {"dicom_delivery": "x-accel", "orthanc_url": "http://127.0.0.1:1"}
    settings.use(settings.current().model_copy(update=beside))
    where = f"/_orthanc/dicom-web/studies/{at.study}/series/{at.series}/instances/{at.instance}"
    for path, told in ((own, where), (f"{own}/frames/1", f"{where}/frames/1")):
        answer = gallery.ask("anne", f"{path}?transfer-syntax=1.2&a=%0d%0a", FRAME)
        assert (answer.status_code, answer.headers["X-Accel-Redirect"]) == (200, told)
        assert (answer.get_data(), "Content-Type" in answer.headers) == (b"", False)
    place = renditions.places.place_of(at, 1)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"x")
    found = gallery.ask("anne", f"{own}/frames/1", FRAME).headers["X-Accel-Redirect"]
    assert found == f"/_ht/{place.relative_to(renditions.folder())}"


def test_one_frame_takes_a_fixed_number_of_statements(gallery: Gallery) -> None:
    path = f"{gallery.mine.instance()}/frames/1"
    gallery.ask("anne", path, FRAME)
    release()
    with statements() as asked:
        gallery.ask("anne", path, FRAME)
    assert len(asked) <= 6, asked
