"""Administration: accounts, devices, tags, queues, maps; each refusal in words, each secret shown once."""

import io
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.accounts import queries as accounts
from app.accounts.models import Device, Staff
from app.core.db import db
from app.demo import hospital as plan
from app.tags import queries as tags
from app.tags.models import Touchpoint
from app.wayfinding import queries as wayfinding
from tests.hospital import Hospital
from tests.pages import csrf_of, send, sign_in

Browsers = Callable[[str], FlaskClient]
ADMIN = "chris"
PAGES = (
    "/admin",
    "/admin/users",
    "/admin/users/new",
    "/admin/devices",
    "/admin/tags",
    "/admin/tags/new",
    "/admin/tags/sheet",
    "/admin/queues",
    "/admin/queues/new",
    "/admin/services",
    "/admin/services/new",
    "/admin/maps",
)


def rows(model: type) -> int:
    db.session.rollback()
    return int(db.session.execute(select(func.count()).select_from(model)).scalar_one())


def staff_id(name: str) -> UUID:
    db.session.rollback()
    found = accounts.staff_named(name)
    assert found is not None
    return found.id


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("anne", 403),
        ("ben", 403),
        ("chris", 200),
        ("flora", 403),
        ("grace", 403),
        ("henry", 403),
        ("iris", 403),
        ("jonas", 403),
        ("eve", 401),
    ],
)
def test_only_the_administrator_opens_administration(browser_of: Browsers, name: str, status: int) -> None:
    browser = browser_of(name)
    assert {page: browser.get(page).status_code for page in PAGES} == dict.fromkeys(PAGES, status)


@pytest.mark.parametrize(("name", "status"), [("anne", 403), ("henry", 403), ("jonas", 403), ("eve", 401)])
def test_nobody_else_changes_anything(
    browser_of: Browsers, hospital: Hospital, name: str, status: int
) -> None:
    browser, anne = browser_of(name), staff_id("anne")
    for action in (
        "/admin/users",
        f"/admin/users/{anne}/disable",
        f"/admin/users/{anne}/password",
        "/admin/devices",
        "/admin/tags",
        f"/admin/queues/{hospital.consult}/open",
    ):
        assert send(browser, "/login", action).status_code == status, action


def test_no_page_of_administration_names_a_patient(browser_of: Browsers, hospital: Hospital) -> None:
    hospital.waiting("consult", name="하안보임")
    admin = browser_of(ADMIN)
    pages = [*PAGES, f"/admin/queues/{hospital.consult}", f"/admin/users/{staff_id('anne')}"]
    assert [page for page in pages if "안보임" in admin.get(page).get_data(as_text=True)] == []


def test_a_new_account_signs_in_with_the_password_shown_once(
    browser_of: Browsers, client: FlaskClient
) -> None:
    form: dict[str, Any] = {"username": "kim.new", "name": "김새로", "role": "nurse", "units": ["ward"]}
    page = send(browser_of(ADMIN), "/admin/users/new", "/admin/users", **form).get_data(as_text=True)
    password = re.search(r'once-word code">([^<]+)<', page)
    assert password
    sign_in(client, "kim.new", password.group(1))
    assert accounts.staff_member(staff_id("kim.new")).units == ("ward",)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"username": "anne"}, "username"),
        ({"username": "Ä"}, "username"),
        ({"name": ""}, "name"),
        ({"role": "king"}, "role"),
        ({"units": ["moon"]}, "units"),
    ],
)
def test_a_wrong_account_is_told_at_its_field(
    browser_of: Browsers, hospital: Hospital, changed: dict[str, str], field: str
) -> None:
    before = rows(Staff)
    form: dict[str, Any] = {
        "username": "kim.new",
        "name": "김새로",
        "role": "nurse",
        "units": ["ward"],
        **changed,
    }
    answer = send(browser_of(ADMIN), "/admin/users/new", "/admin/users", **form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.get_data(as_text=True)
    assert rows(Staff) == before


def test_a_changed_role_ends_the_sessions(browser_of: Browsers, hospital: Hospital) -> None:
    anne, admin, page = browser_of("anne"), browser_of(ADMIN), f"/admin/users/{staff_id('anne')}"
    assert "row-actions" in admin.get(page).get_data(as_text=True)
    send(admin, page, f"{page}/role", role="charge_nurse", units=["ward"])
    assert accounts.staff_member(staff_id("anne")).role == "charge_nurse"
    assert anne.get("/ward").status_code == 401


def test_the_last_administrator_stays(browser_of: Browsers, hospital: Hospital) -> None:
    admin, page = browser_of(ADMIN), f"/admin/users/{staff_id('chris')}"
    for action in (f"{page}/disable", f"{page}/role"):
        answer = send(admin, page, action, role="nurse", units=[])
        assert answer.status_code == 422
        assert 'id="role-error"' in answer.get_data(as_text=True)
    assert admin.get("/admin").status_code == 200


def test_an_account_is_closed_and_opened_again(browser_of: Browsers, hospital: Hospital) -> None:
    ben, admin, page = browser_of("ben"), browser_of(ADMIN), f"/admin/users/{staff_id('ben')}"
    send(admin, page, f"{page}/disable")
    assert ben.get("/ward").status_code == 401
    assert f"{page}/enable" in admin.get(page).get_data(as_text=True)
    send(admin, page, f"{page}/enable")
    assert not accounts.staff_member(staff_id("ben")).is_disabled


def test_one_session_ends_and_then_all(browser_of: Browsers, hospital: Hospital) -> None:
    browser_of("anne")
    browser_of("anne")
    admin, anne = browser_of(ADMIN), staff_id("anne")
    page = f"/admin/users/{anne}"
    one, *_others = accounts.sessions_of(anne)
    send(admin, page, f"{page}/sessions/{one.id}/end", htmx=True)
    db.session.rollback()
    assert len(accounts.sessions_of(anne)) == 1
    send(admin, page, f"{page}/sessions/end")
    db.session.rollback()
    assert accounts.sessions_of(anne) == ()


def test_a_second_factor_is_shown_once_and_removed(browser_of: Browsers, hospital: Hospital) -> None:
    admin, page = browser_of(ADMIN), f"/admin/users/{staff_id('anne')}"
    assert "qr-code" in send(admin, page, f"{page}/second-factor").get_data(as_text=True)
    assert accounts.staff_member(staff_id("anne")).has_second_factor
    send(admin, page, f"{page}/second-factor/remove")
    assert not accounts.staff_member(staff_id("anne")).has_second_factor


def test_a_device_is_announced_paired_and_revoked(
    browser_of: Browsers, client: FlaskClient, hospital: Hospital
) -> None:
    admin = browser_of(ADMIN)
    form: dict[str, Any] = {
        "kind": "board",
        "name": "새 안내판",
        "place": "",
        "queue_id": str(hospital.consult),
    }
    page = send(admin, "/admin/devices", "/admin/devices", **form).get_data(as_text=True)
    code = re.search(r'once-word code">([^<]+)<', page)
    assert code
    assert f"/pair/{code.group(1)}" in page
    assert (
        send(client, "/pair", "/pair", code=code.group(1)).headers["Location"] == f"/board/{hospital.consult}"
    )
    device = next(row for row in accounts.devices().rows if row.name == "새 안내판")
    send(admin, "/admin/devices", f"/admin/devices/{device.id}/revoke")
    assert client.get(f"/board/{hospital.consult}").status_code != 200


def test_a_new_code_is_given_to_a_device(browser_of: Browsers, hospital: Hospital) -> None:
    device = accounts.devices().rows[0]
    page = send(browser_of(ADMIN), "/admin/devices", f"/admin/devices/{device.id}/pairing").get_data(
        as_text=True
    )
    assert "/pair/" in page
    assert "qr-code" in page


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"kind": "board", "name": "안내판"}, "queue_id"),
        ({"kind": "kiosk", "name": "키오스크"}, "place"),
        ({"kind": "toaster", "name": "토스터", "place": "1f-lobby"}, "kind"),
        ({"kind": "kiosk", "name": "", "place": "1f-lobby"}, "name"),
    ],
)
def test_a_device_without_what_it_needs_is_refused(
    browser_of: Browsers, hospital: Hospital, form: dict[str, Any], field: str
) -> None:
    before = rows(Device)
    answer = send(browser_of(ADMIN), "/admin/devices", "/admin/devices", **form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.get_data(as_text=True)
    assert rows(Device) == before


def test_a_tag_is_hung_up_once_printed_renewed_and_revoked(browser_of: Browsers, hospital: Hospital) -> None:
    admin = browser_of(ADMIN)
    form: dict[str, Any] = {"place": "1f-lobby", "kind": "desk", "name_ko": "", "name_en": ""}
    before = rows(Touchpoint)
    made = [send(admin, "/admin/tags/new", "/admin/tags", key="k", **form) for _press in range(2)]
    assert rows(Touchpoint) == before + 1
    page = made[0].headers["Location"]
    assert made[1].headers["Location"] == page
    tag = tags.tag(UUID(page.rpartition("/")[2]))
    assert tag.url in admin.get(page).get_data(as_text=True)
    sheet = admin.get(f"/admin/tags/sheet?tag={tag.token_id}").get_data(as_text=True)
    assert sheet.count("tag-number") == 1
    send(admin, page, f"{page}/rotate", version=1)
    stale = send(admin, page, f"{page}/revoke", htmx=True, version=1)
    assert (stale.status_code, stale.headers["HX-Retarget"]) == (409, "#conflict")
    send(admin, page, f"{page}/revoke", version=2)
    assert "banner-warn" in admin.get(page).get_data(as_text=True)


def test_a_tag_needs_a_place_of_the_map(browser_of: Browsers, hospital: Hospital) -> None:
    before = rows(Touchpoint)
    for place in ("", "the moon"):
        answer = send(browser_of(ADMIN), "/admin/tags/new", "/admin/tags", place=place, kind="desk")
        assert answer.status_code == 422
        assert 'id="place-error"' in answer.get_data(as_text=True)
    assert rows(Touchpoint) == before


def test_the_map_is_shown_and_a_floor_drawn_anew(browser_of: Browsers, hospital: Hospital) -> None:
    admin = browser_of(ADMIN)
    assert "banner-success" in admin.get("/admin/maps").get_data(as_text=True)
    floor = wayfinding.floors(plan.SITE)[0]
    page = f"/admin/maps/floors/{floor.public_id}"
    size = f"0 0 {floor.width} {floor.height}"
    good = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}"><path d="M0 0h9"/></svg>'
    assert _draw(admin, page, good) == 303
    db.session.rollback()
    assert "M0 0h9" in wayfinding.floor_svg(floor.public_id)
    for bad in (
        "no drawing",
        good.replace("<path", "<script>x</script><path"),
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
    ):
        assert _draw(admin, page, bad) == 422
    db.session.rollback()
    assert "M0 0h9" in wayfinding.floor_svg(floor.public_id)


def _draw(browser: FlaskClient, page: str, svg: str) -> int:
    token = csrf_of(browser.get(page))
    form: dict[str, Any] = {"csrf_token": token, "drawing": (io.BytesIO(svg.encode()), "floor.svg")}
    return browser.post(page, data=form, content_type="multipart/form-data").status_code


def test_a_floor_or_account_of_nowhere_is_not_found(browser_of: Browsers, hospital: Hospital) -> None:
    nowhere = hospital.consult
    admin = browser_of(ADMIN)
    for page in (f"/admin/maps/floors/{nowhere}", f"/admin/users/{nowhere}", f"/admin/tags/{nowhere}"):
        assert admin.get(page).status_code == 404
