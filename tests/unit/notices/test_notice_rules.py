"""What a notice may say, and where a browser may be reached."""

import pytest

from app.core.hosts import is_allowed
from app.notices import wording
from app.notices.rules import LIFETIME, Kind, are_push_keys, checked, encoded, is_push_endpoint
from app.settings import Settings

HOSTS = Settings().push_hosts
POINT = encoded(b"\x04" + b"\x01" * 64)
SECRET = encoded(b"\x02" * 16)


@pytest.mark.parametrize(
    ("endpoint", "is_good"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", True),
        ("https://web.push.apple.com/abc", True),
        ("https://wns2-par02p.notify.windows.com/w/?token=abc", True),
        ("http://fcm.googleapis.com/abc", False),
        ("https://fcm.googleapis.com:8443/abc", False),
        ("https://fcm.googleapis.com.evil.example/abc", False),
        ("https://evil.example/fcm.googleapis.com", False),
        ("https://fcm.googleapis.com@evil.example/", False),
        ("https://evil.example#@fcm.googleapis.com/", False),
        ("https://evilnotify.windows.com/", False),
        ("https://notify.windows.com/", False),
        ("https://169.254.169.254/", False),
        ("https://[::1]/", False),
        ("https://[", False),
        ("//fcm.googleapis.com/", False),
        ("https://fcm.googleapis.com/" + "a" * 1000, False),
        ("https://fcm.googleapis.com/한글", False),
        ("", False),
    ],
)
def test_only_known_push_services_are_asked(endpoint: str, *, is_good: bool) -> None:
    assert is_push_endpoint(endpoint, HOSTS) is is_good


def test_link_local_is_never_allowed() -> None:
    assert not is_allowed("169.254.169.254", {"169.254.169.254"})
    assert is_allowed("127.0.0.1", {"127.0.0.1"})


@pytest.mark.parametrize(
    ("p256dh", "auth", "is_good"),
    [
        (POINT, SECRET, True),
        (POINT + "=", SECRET + "==", True),
        (encoded(b"\x02" + b"\x01" * 64), SECRET, False),
        (encoded(b"\x04" + b"\x01" * 63), SECRET, False),
        (POINT, encoded(b"\x02" * 15), False),
        ("", "", False),
        ("한글", SECRET, False),
    ],
)
def test_keys_have_the_form_of_the_rfc(p256dh: str, auth: str, *, is_good: bool) -> None:
    assert are_push_keys(p256dh, auth) is is_good


def test_long_places_are_cut_and_empty_ones_left_out() -> None:
    assert checked({"number": 7, "place_ko": "가" * 100, "place_en": ""}) == {
        "number": 7,
        "place_ko": "가" * 60,
    }


def test_every_kind_has_a_lifetime_and_its_words() -> None:
    assert LIFETIME.keys() == wording.TITLES.keys() == wording.BODIES.keys() == set(Kind)


def test_a_sentence_says_what_is_known() -> None:
    said = wording.body(Kind.CALLED, {"number": "A-7", "place_ko": "2번 진료실", "place_en": "Room 2"}, "en")
    assert said == "No. A-7 · Room 2 · Please come in now."
    assert wording.body(Kind.FINISHED, {}, "en") == "You may go home."
    assert wording.body(Kind.CALLED, {"place_ko": "2번 진료실"}, "en") == "2번 진료실 · Please come in now."


def test_a_language_without_a_catalogue_reads_english() -> None:
    assert wording.title(Kind.CALLED, "xx") == "It is your turn"
