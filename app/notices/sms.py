"""The hospital's SMS/AlimTalk gateway: a signed webhook. The gateway knows the number, we know only the patient."""

import hashlib
import hmac
import json
from typing import Final

from app import settings
from app.core import clock, http
from app.core.http import Answer, HttpDownError, HttpForbiddenError
from app.core.relay import Delivered, Failed, Outcome, Refused, TargetDownError

# The gateway itself, not this message: not reached, overloaded, under repair, or asking for another key.
OF_THE_GATEWAY: Final = frozenset({408, 425, 429, 502, 503, 504})
WRONG_KEY: Final = frozenset({401, 403, 407})
SERVER_ERRORS, REDIRECTS = range(500, 600), range(300, 400)
KEY_HEADER, TIME_HEADER, SIGNATURE_HEADER = "Idempotency-Key", "X-Annae-Timestamp", "X-Annae-Signature"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return HMAC-SHA256 over `timestamp.body`, in hex, as the receiver computes it too."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def send(payload: str) -> Outcome:
    """Post one message; a repeated one carries the same key. Raise TargetDownError where the gateway is at fault."""
    now = settings.current()
    body, timestamp = payload.encode(), str(int(clock.utcnow().timestamp()))
    try:
        answer = http.post(
            now.sms_webhook_url,
            body,
            {
                "Content-Type": "application/json; charset=utf-8",
                KEY_HEADER: str(json.loads(payload)["notice"]),
                TIME_HEADER: timestamp,
                SIGNATURE_HEADER: signature(now.sms_webhook_secret.get_secret_value(), timestamp, body),
            },
        )
    except HttpForbiddenError as error:
        raise TargetDownError(str(error), opens=True) from error
    except HttpDownError as error:
        raise TargetDownError(str(error)) from error
    return outcome_of(answer)


def outcome_of(answer: Answer) -> Outcome:
    """Return what an answer means for one message. Raise TargetDownError where it speaks of the gateway itself.

    500 costs this message a life: a gateway that stumbles over one message must not be left alone by all.
    """
    said = f"HTTP {answer.status}"
    if answer.is_good:
        return Delivered()
    if answer.status in WRONG_KEY:
        raise TargetDownError(said, opens=True)
    if answer.status in REDIRECTS:
        raise TargetDownError(f"{said}: redirects are not followed")
    if answer.status in OF_THE_GATEWAY:
        raise TargetDownError(said, retry_after_seconds=answer.retry_after_seconds)
    if answer.status in SERVER_ERRORS:
        return Failed(said, retry_after_seconds=answer.retry_after_seconds)
    return Refused(said)
