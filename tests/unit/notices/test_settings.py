"""A way of telling that is set up by half is refused at the start."""

import pytest

from app.settings import SettingsError, load

SECRET = "x" * 32
WEBHOOK = {"SMS_WEBHOOK_URL": "https://gateway.hospital.example/annae", "SMS_WEBHOOK_SECRET": SECRET}


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"SMS_WEBHOOK_URL": "https://gateway.example/"}, "SMS_WEBHOOK_SECRET"),
        ({**WEBHOOK, "SMS_WEBHOOK_SECRET": "short"}, "SMS_WEBHOOK_SECRET"),
        ({**WEBHOOK, "SMS_WEBHOOK_URL": "http://gateway.example/"}, "SMS_WEBHOOK_URL"),
        ({**WEBHOOK, "SMS_WEBHOOK_URL": "gateway"}, "SMS_WEBHOOK_URL"),
        ({"VAPID_PRIVATE_KEY": "k"}, "VAPID_SUBJECT"),
        ({"VAPID_PRIVATE_KEY": "k", "VAPID_SUBJECT": "it@hospital.example"}, "VAPID_SUBJECT"),
    ],
)
def test_half_a_way_is_refused(environ: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        load(environ)


def test_only_targets_that_are_set_may_be_asked() -> None:
    assert load({}).outgoing_hosts == frozenset()
    assert load(WEBHOOK).outgoing_hosts == {"gateway.hospital.example"}
    both = load({**WEBHOOK, "VAPID_PRIVATE_KEY": "k", "VAPID_SUBJECT": "mailto:it@hospital.example"})
    assert both.outgoing_hosts == {"gateway.hospital.example", *both.push_hosts}
    assert load({"SMS_WEBHOOK_URL": "http://localhost:9/", "SMS_WEBHOOK_SECRET": SECRET}).outgoing_hosts == {
        "localhost"
    }


def test_secrets_come_from_files_too(tmp_path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n", encoding="utf-8")
    found = load({"SMS_WEBHOOK_URL": WEBHOOK["SMS_WEBHOOK_URL"], "SMS_WEBHOOK_SECRET_FILE": str(file)})
    assert found.sms_webhook_secret.get_secret_value() == SECRET
    assert SECRET not in repr(found)
