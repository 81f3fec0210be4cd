"""Push messages by the letter of RFC 8291; the example is the RFC's own (appendix A)."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.notices import web_push
from app.notices.rules import decoded, encoded

PLAIN = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
    "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_rfc() -> None:
    own = ec.derive_private_key(int.from_bytes(decoded(SENDER), "big"), web_push.CURVE)
    sealed = web_push.encrypt(PLAIN, decoded(RECEIVER), decoded(AUTH), own=own, salt=decoded(SALT))
    assert encoded(sealed) == SEALED


def test_no_two_messages_look_alike() -> None:
    first, second = (web_push.encrypt(PLAIN, decoded(RECEIVER), decoded(AUTH)) for _ in range(2))
    assert first[:16] != second[:16]
    assert first[21:86] != second[21:86]


def test_a_message_that_no_service_would_take_is_refused() -> None:
    longest = b"x" * web_push.LARGEST_BYTES
    assert len(web_push.encrypt(longest, decoded(RECEIVER), decoded(AUTH))) <= web_push.RECORD_BYTES
    with pytest.raises(ValueError, match="too long"):
        web_push.encrypt(longest + b"x", decoded(RECEIVER), decoded(AUTH))


def test_a_new_key_has_a_public_half_that_browsers_take() -> None:
    private = web_push.new_key()
    assert private != web_push.new_key()
    assert len(decoded(private)) == 32
    assert decoded(web_push.public_key(private))[:1] == b"\x04"
    assert len(decoded(web_push.public_key(private))) == 65
    for wrong in ("", "AAAA", "not a key"):
        with pytest.raises(ValueError, match="VAPID"):
            web_push.public_key(wrong)
