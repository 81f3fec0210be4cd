"""Refusals for people: one sentence in the caller's language, in the caller's shape; never a stack trace."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, g, jsonify, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from app.core.errors import (
    ConfirmationNeededError,
    RefusedError,
    ScreenLockedError,
    SignInNeededError,
)
from app.core.health import DATABASE_FAILURES, refusal_of
from app.door import inside

log = structlog.get_logger(__name__)

SENTENCES: dict[str, Any] = {
    "BAD_CREDENTIALS": _l("We could not find a match. Please check what you typed, or ask at the desk."),
    "STAFF_BAD_CREDENTIALS": _l("User name, password or code is not right."),
    "STAFF_TOO_MANY_TRIES": _l(
        "Too many tries on this device. Please wait 15 minutes, or ask an administrator."
    ),
    "UNLOCK_BAD_CREDENTIALS": _l("This PIN or password is not right."),
    "UNLOCK_TOO_MANY_TRIES": _l(
        "Too many tries. Please wait 15 minutes, or let a colleague sign in as another person."
    ),
    "SCREEN_LOCKED": _l("The screen is locked. Nothing was done; please open it and try again."),
    "PAIR_BAD_CREDENTIALS": _l("This code is not valid, or was used already. Please ask for a new one."),
    "PAIR_TOO_MANY_TRIES": _l("Too many tries on this device. Please wait 15 minutes."),
    "NO_ROUTE": _l("There is no such way for you. A member of staff will gladly help."),
    "SIGN_IN_NEEDED": _l("Please sign in again."),
    "TOO_MANY_TRIES": _l("Too many tries on this device. Please wait a little, or ask a member of staff."),
    "NOT_ALLOWED": _l("You are not allowed to do this. Please ask whoever is in charge."),
    "NOT_FOUND": _l("We could not find that. It may have been closed or moved."),
    "UNKNOWN_TAG": _l("We do not know this tag. Please show it to a member of staff."),
    "TAG_REVOKED": _l("This tag is no longer in use. Please ask a member of staff."),
    "STALE_VERSION": _l(
        "Somebody else has just changed this. The page now shows the newest state; please look again."
    ),
    "GONE": _l("A colleague has taken this away meanwhile. Your text is kept; please look again."),
    "PRECONDITION_REQUIRED": _l(
        "This request does not say which version it saw. Please reload the page and try again."
    ),
    "PRECONDITION_FAILED": _l("This has been changed since you read it. Please read it again."),
    "TRANSITION_REFUSED": _l("This cannot be done now. Please look at the present state and try again."),
    "CONFIRMATION_NEEDED": _l("Please confirm before we go on."),
    "QUEUE_EMPTY": _l("Nobody is waiting."),
    "QUEUE_CLOSED": _l("This queue or room is closed just now."),
    "ROOM_BUSY": _l("This room already has a patient called or inside."),
    "IN_PROGRESS": _l("The same request is being worked on. Please wait a moment."),
    "IDEMPOTENCY_KEY_REUSED": _l(
        "This key was used for another request. Please reload the page and try again."
    ),
    "INVALID": _l("Please check what you entered."),
    "MALFORMED": _l("We could not read this request."),
    "TOO_LARGE": _l("This is too large to be taken."),
    "INSUFFICIENT_STOCK": _l(
        "There is not enough in stock. Nothing was ordered; please order less, or ask the pharmacy."
    ),
    "BUSY": _l("Another member of staff is working on this. Please try again in a moment."),
    "DEPENDENCY_DOWN": _l("A system we need does not answer. Please try again soon; nothing was lost."),
    "BROKEN": _l(
        "Something went wrong on our side. Nothing was changed. Please try again, or ask a member of staff."
    ),
    "METHOD_NOT_ALLOWED": _l("This address does not take that kind of request."),
}
WHYS: dict[tuple[str, str], Any] = {
    ("MALFORMED", "key_missing"): _l("This request needs an Idempotency-Key. Nothing was done."),
    ("MALFORMED", "study_or_patient"): _l("Please name a study or a patient; there is no list of all."),
    ("TOO_LARGE", "array_json"): _l(
        "An array in JSON may have 2 MB. Please send it as multipart/form-data with a part application/x-npy, "
        "or name the study by study_ref."
    ),
    ("TOO_LARGE", "volume"): _l("There are more pictures than can be measured at once."),
    ("MALFORMED", "no_form"): _l("The form needs a part request (JSON) and a part image_array."),
    ("INVALID", "one_source"): _l("Please send an array with its metadata, or a study_ref; one of them."),
    ("INVALID", "not_a_volume"): _l(
        "The array cannot be used. It must be a whole .npy of numbers, slices by rows by columns, "
        "with the position of each slice."
    ),
    ("INVALID", "model_refused"): _l("This model does not fit its card and is not used."),
    ("INVALID", "model_failed"): _l("The model could not work with these pictures."),
    ("BUSY", "measuring"): _l("All places for measurements are taken. Please try again in a moment."),
    ("DEPENDENCY_DOWN", "model"): _l("The model does not answer just now. Please try again soon."),
    ("INVALID", "not_drawn"): _l(
        "This picture cannot be shown here. Please open the study in the full viewer, or ask radiology."
    ),
    ("INVALID", "one_of"): _l("Please name a visit or a patient, one of them."),
    ("UNLOCK_BAD_CREDENTIALS", "pin_used_up"): _l(
        "The PIN was wrong too often. Please use the password instead."
    ),
    ("INVALID", "pin_form"): _l("A PIN has 4 to 6 digits."),
    ("INVALID", "pin_common"): _l("This PIN is easy to guess. Please choose another one."),
    ("INVALID", "pin_differs"): _l("The two PINs differ. Please type the same PIN twice."),
    ("INVALID", "four_digits"): _l("Please enter the last four digits of the phone number."),
    ("INVALID", "format"): _l("Please check the form, for example 1953-04-12."),
    ("INVALID", "no_such_day"): _l("There is no such day. Please check the birth date."),
    ("INVALID", "too_early"): _l("Please check the year of birth."),
    ("INVALID", "future"): _l("A birth date cannot be in the future."),
    ("INVALID", "expired"): _l("This has expired. Please tap the tag again."),
    ("INVALID", "snooze"): _l("Please choose 5, 10 or 15 minutes, 15 in all."),
    ("INVALID", "month"): _l("Please choose a month, for example 2026-11."),
    ("INVALID", "no_room"): _l("Please choose your room first."),
    ("INVALID", "circle"): _l("This is the record itself, or leads back to it. Please choose another one."),
    ("INVALID", "noted"): _l("This number is noted here already."),
    ("INVALID", "elsewhere"): _l(
        "This number stands in another record. Please search for it; two records may be one person's."
    ),
    ("INVALID", "resident_number"): _l(
        "This looks like a resident registration number, which must not be kept here."
    ),
    ("NOT_ALLOWED", "note_medical"): _l("Doctors write this note. Please ask the doctor in charge."),
    ("NOT_ALLOWED", "note_nursing"): _l("Nurses write this note. Please ask the nurse in charge."),
    ("TRANSITION_REFUSED", "already_undone"): _l("These records were parted already."),
    ("INVALID", "overtaking"): _l("This calls the patient before others who wait longer. Please say why."),
    ("TRANSITION_REFUSED", "already_waiting"): _l("This patient is already waiting in a queue."),
    ("TRANSITION_REFUSED", "already_open"): _l("This patient already has an open visit today."),
    ("TRANSITION_REFUSED", "calls_used_up"): _l("The patient was called as often as the rules allow."),
    ("TRANSITION_REFUSED", "called_by_itself"): _l(
        "This patient has just been called again by itself. Please give it a moment."
    ),
    ("TRANSITION_REFUSED", "nothing_to_undo"): _l("There is nothing to undo."),
    ("TRANSITION_REFUSED", "next_visit_open"): _l(
        "The patient has another open visit. This one stays finished."
    ),
    ("TRANSITION_REFUSED", "no_single_queue"): _l(
        "Several queues, or none, offer this. Please ask at the desk."
    ),
    ("TRANSITION_REFUSED", "order_exists"): _l(
        "This order number already exists in the visit. Please look at the orders."
    ),
    ("TRANSITION_REFUSED", "in_room"): _l("The patient is called or inside for this. Please ask the room."),
    ("TRANSITION_REFUSED", "by_step"): _l("This is completed in the examination room."),
    ("TRANSITION_REFUSED", "promised"): _l(
        "More of it is kept for orders than you counted. Please look for them first."
    ),
    ("TRANSITION_REFUSED", "report_signed"): _l(
        "This report was signed meanwhile. To change it, please amend it and say why."
    ),
    ("TRANSITION_REFUSED", "report_unsigned"): _l("This report is not signed yet. Please write and sign it."),
    ("TRANSITION_REFUSED", "report_of_nobody"): _l(
        "Nobody knows yet whose study this is. Please give it to its patient first."
    ),
    ("TRANSITION_REFUSED", "visit_over"): _l("This visit is over. Nothing can be ordered for it."),
    ("TRANSITION_REFUSED", "nothing_due"): _l("Nothing is due."),
    ("INVALID", "differs"): _l("The amount is not what is due. Please look at the bill."),
    ("INVALID", "due"): _l("Something is due. Please choose how it is paid."),
    ("INVALID", "withdrawn"): _l("This item is no longer offered. Please choose another one."),
    ("DEPENDENCY_DOWN", "target"): _l(
        "The target does not answer just now. Nothing was begun; please try again when it is reached."
    ),
    ("NOT_ALLOWED", "undo_too_late"): _l("It is too late to undo this. Please ask the charge nurse."),
    ("NOT_ALLOWED", "desk_first"): _l("Please come to the desk first."),
    ("NOT_ALLOWED", "cross_site"): _l("This request came from another site and was refused."),
    ("CONFIRMATION_NEEDED", "identity"): _l("Please check name and year of birth with the patient."),
    ("CONFIRMATION_NEEDED", "other_name"): _l(
        "The two records have different names. Please make sure that it is one person."
    ),
    ("CONFIRMATION_NEEDED", "other_birth_date"): _l(
        "The two records have different birth dates. Please make sure that it is one person."
    ),
    ("CONFIRMATION_NEEDED", "short_service"): _l("This was very short. Is the examination really over?"),
    ("CONFIRMATION_NEEDED", "twin"): _l(
        "A patient with this phone number and birth date is registered already. Is this another person?"
    ),
    ("CONFIRMATION_NEEDED", "overtaking"): _l("This calls the patient before others who wait longer."),
}
BY_STATUS = {
    400: "MALFORMED",
    401: "SIGN_IN_NEEDED",
    403: "NOT_ALLOWED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    410: "NOT_FOUND",
    413: "TOO_LARGE",
    415: "MALFORMED",
    422: "INVALID",
    423: "SCREEN_LOCKED",
    429: "TOO_MANY_TRIES",
    503: "DEPENDENCY_DOWN",
}
PROBLEM_TYPE = "application/problem+json"


def init_app(app: Flask) -> None:
    """Map every failure once."""
    app.register_error_handler(RefusedError, _refused)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    for failure in DATABASE_FAILURES:
        app.register_error_handler(failure, _database)
    app.register_error_handler(Exception, _broken)


def sentence(code: str, details: dict[str, Any]) -> str:
    """Return the sentence for a refusal, the most precise one we have."""
    whys = [details.get("why"), *(details.get("confirm") or ())]
    for why in whys:
        if found := WHYS.get((code, str(why))):
            return str(found)
    return str(SENTENCES.get(code, SENTENCES["BROKEN"]))


def _refused(error: RefusedError) -> Response:
    return answer(error.code, error.status, error.details)


def _csrf(_error: CSRFError) -> Response:
    return answer("MALFORMED", 400, {"why": "csrf"})


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < HTTPStatus.BAD_REQUEST:
        return make_response(error.get_response())
    return answer(
        BY_STATUS.get(status, "MALFORMED" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "BROKEN"),
        status,
        {},
    )


def _database(error: Exception) -> Response:
    log.error("database_failed", error_type=type(error).__name__)
    return _refused(refusal_of(error))


def _broken(error: Exception) -> Response:
    log.error("request_broken", error_type=type(error).__name__, exc_info=error)
    return answer("BROKEN", 500, {})


def answer(code: str, status: int, details: dict[str, Any]) -> Response:
    """Return a refusal as JSON problem, fragment or page, by what the caller wants."""
    words = sentence(code, details)
    if wants_json():
        response = problem(code, status, words, details)
    elif code == SignInNeededError.code:
        response = _to_sign_in()
    elif code == ScreenLockedError.code:
        response = _to_unlock(words)
    elif request.headers.get("HX-Request"):
        response = _fragment(code, status, words, details)
    else:
        response = make_response(
            render_template(
                "errors/page.html",
                code=code,
                status=status,
                message=words,
                confirm=_confirmation(code, details),
                reference=g.get("request_id", ""),
            ),
            status,
        )
    if retry := details.get("retry_after"):
        response.headers["Retry-After"] = str(retry)
    return response


def wants_json() -> bool:
    """Whether the caller is a program: by the path, else by what it accepts."""
    if request.path.startswith(("/api/", "/live/", "/ws/", "/dicom-web/")):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json", PROBLEM_TYPE])
    return best != "text/html" and bool(request.accept_mimetypes)


def problem(code: str, status: int, words: str, details: dict[str, Any]) -> Response:
    """Return a refusal as programs read it (RFC 9457)."""
    body = {
        "type": f"urn:annae:problem:{code.lower().replace('_', '-')}",
        "title": code,
        "status": status,
        "detail": words,
        "instance": f"urn:request:{g.get('request_id', '')}",
        "success": False,
        "error": {"code": code, "message": words, "details": details},
    }
    response = jsonify(body)
    response.status_code = status
    response.content_type = PROBLEM_TYPE
    return response


def locked_page(message: str | None, *, status: int, where: str) -> Response:
    """Return the locked screen: nobody's data, a way to open it, and where to go on then."""
    return make_response(render_template("login/locked.html", message=message, next=where), status)


def _to_unlock(words: str) -> Response:
    """Answer a page with the locked screen in its place, and a command with the refusal; htmx covers its page."""
    if request.headers.get("HX-Request"):
        return problem(ScreenLockedError.code, ScreenLockedError.status, words, {})
    if request.method in {"GET", "HEAD"}:
        return locked_page(None, status=HTTPStatus.OK, where=request.full_path.rstrip("?"))
    parts = urlsplit(request.referrer or "")
    return locked_page(words, status=ScreenLockedError.status, where=inside(parts.path))


def _to_sign_in() -> Response:
    """Answer 401 with the way in: the sign-in page itself, or to htmx the word to go there."""
    where = request.full_path.rstrip("?") if request.method == "GET" else ""
    if request.headers.get("HX-Request"):
        response = make_response("", 401)
        response.headers["HX-Redirect"] = url_for("login.sign_in")
        return response
    page = render_template(
        "login/sign_in.html", message=sentence("SIGN_IN_NEEDED", {}), next=where, username=""
    )
    return make_response(page, 401)


def _fragment(code: str, status: int, words: str, details: dict[str, Any]) -> Response:
    response = make_response(
        render_template(
            "errors/_problem.html",
            code=code,
            message=words,
            confirm=_confirmation(code, details),
            action=request.path,
        ),
        status,
    )
    response.headers["HX-Retarget"] = "#conflict"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def _confirmation(code: str, details: dict[str, Any]) -> dict[str, Any] | None:
    """Return the same form once more, with the words that confirm it."""
    asks_reason = code == "INVALID" and details.get("field") == "reason" and details.get("confirm")
    if code != ConfirmationNeededError.code and not asks_reason:
        return None
    words = [str(word) for word in details.get("confirm") or ()]
    kept = [
        (name, value)
        for name, values in request.form.lists()
        if name not in {"csrf_token", "idempotency_key", "reason"}
        for value in values
    ]
    return {
        "fields": [*kept, *(("confirm", word) for word in words if ("confirm", word) not in kept)],
        "asks_reason": bool(asks_reason) or "overtaking" in words,
        "action": request.path,
        "reason": request.form.get("reason", ""),
        "label": _("Yes, go on"),
    }
