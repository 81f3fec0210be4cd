"""Tokens: renewed once, given back, stolen, and never a cookie."""

from datetime import timedelta

import time_machine
from flask import Flask

from app.accounts import services as accounts
from app.core import clock
from tests.hospital import Hospital
from tests.web.api.partner import Partner, Partners


def test_a_refresh_token_is_good_once_and_a_reused_one_ends_all(app: Flask, hospital: Hospital) -> None:
    partners = Partners(app, hospital)
    nurse, path = partners.staff("anne"), f"/queue/{hospital.consult}"
    renewed = partners.stranger().post("/auth/token/refresh", {"refresh_token": nurse.refresh_token})
    assert renewed.status_code == 200
    assert renewed.json["token_type"] == "Bearer"
    assert 0 < renewed.json["expires_in"] <= 900
    fresh = Partner(app, renewed.json["access_token"])
    assert fresh.get(path).status_code == 200
    stolen = partners.stranger().post("/auth/token/refresh", {"refresh_token": nurse.refresh_token})
    assert stolen.status_code == 401
    assert fresh.get(path).status_code == nurse.get(path).status_code == 401
    again = partners.stranger().post("/auth/token/refresh", {"refresh_token": renewed.json["refresh_token"]})
    assert again.status_code == 401


def test_after_logging_out_every_token_is_refused_at_once(app: Flask, hospital: Hospital) -> None:
    partners = Partners(app, hospital)
    nurse = partners.staff("anne")
    assert nurse.post("/auth/logout").status_code == 204
    assert nurse.get(f"/queue/{hospital.consult}").status_code == 401
    assert nurse.post("/auth/logout").status_code == 401
    refused = partners.stranger().post("/auth/token/refresh", {"refresh_token": nurse.refresh_token})
    assert refused.status_code == 401


def test_who_lost_the_access_token_logs_out_by_the_other(partners: Partners, hospital: Hospital) -> None:
    nurse = partners.staff("anne")
    assert partners.stranger().post("/auth/logout", {"refresh_token": nurse.refresh_token}).status_code == 204
    assert nurse.get(f"/queue/{hospital.consult}").status_code == 401


def test_an_access_token_lasts_a_quarter_of_an_hour(partners: Partners, hospital: Hospital) -> None:
    nurse, path = partners.staff("anne"), f"/queue/{hospital.consult}"
    with time_machine.travel(clock.utcnow() + timedelta(minutes=17), tick=False):
        assert nurse.get(path).status_code == 401
        renewed = partners.stranger().post("/auth/token/refresh", {"refresh_token": nurse.refresh_token})
        assert renewed.status_code == 200


def test_a_closed_account_is_out_at_once(partners: Partners, hospital: Hospital) -> None:
    nurse = partners.staff("anne")
    assert hospital.cast.anne.id
    accounts.disable_staff(hospital.cast.anne.id, by=hospital.cast.chris)
    assert nurse.get(f"/queue/{hospital.consult}").status_code == 401


def test_garbage_is_no_token(partners: Partners, hospital: Hospital) -> None:
    good = partners.staff("anne").token
    assert good
    head, body, mac = good.split(".")
    for token in (
        "x",
        "a.b.c",
        f"{head}.{body}.",
        f"{head}.{body}.{mac[::-1]}",
        f"eyJhbGciOiJub25lIn0.{body}.",
    ):
        assert Partner(partners.app, token).get(f"/queue/{hospital.consult}").status_code == 401


def test_a_nonce_of_a_scan_stands_for_the_tag(partners: Partners, hospital: Hospital) -> None:
    visit = hospital.expect("consult")
    scan = partners.stranger().post("/nfc/scan", {"tag": hospital.entrance}).json
    assert (scan["visit"], scan["entry"], scan["next"]) == (None, None, "sign-in")
    assert scan["place"]["kind"] == "entrance"
    assert scan["opening"]
    assert scan["route"]["directions"]
    body = partners.answers(visit) | {"tag": None, "nonce": scan["nonce"]}
    seen = partners.stranger().post("/auth/simple-login", body)
    assert (seen.status_code, seen.json["visit"]["id"]) == (200, str(visit))
    with time_machine.travel(clock.utcnow() + timedelta(minutes=11), tick=False):
        assert partners.stranger().post("/auth/simple-login", body).status_code == 422


def test_a_stranger_does_not_arrive(partners: Partners, hospital: Hospital) -> None:
    body = {"tag": hospital.entrance, "arrive": True}
    assert partners.stranger().post("/nfc/scan", body).status_code == 401
    assert partners.staff("anne").post("/nfc/scan", body).status_code == 403


def test_both_forms_of_every_address_answer_without_a_redirect(
    partners: Partners, hospital: Hospital
) -> None:
    visit = hospital.waiting("consult")
    desk, nurse = partners.staff("henry"), partners.staff("anne")
    for path in (f"/visits/{visit}", f"/queue/{hospital.consult}", "/openapi.json"):
        assert {desk.get(path).status_code, desk.get(f"{path}/").status_code} == {200}
    for path in ("/nfc/scan", "/auth/socket-ticket"):
        for form in (path, f"{path}/"):
            assert nurse.post(form, {"tag": hospital.entrance}).status_code == 200


def test_a_ticket_opens_one_socket(partners: Partners) -> None:
    ticket = partners.staff("anne").post("/auth/socket-ticket").json
    assert ticket["expires_in"] == 30
    assert accounts.use_ticket(ticket["ticket"]) is not None
    assert accounts.use_ticket(ticket["ticket"]) is None
