"""Cross-site forms: the token belongs to the session and lives as long (a ward page is open all shift)."""

from flask import Flask, current_app, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import RequestEntityTooLarge

from app.door.headers import SAFE_METHODS

protection = CSRFProtect()
# No cookie is read there (door.identity), or none counts, so there is nothing that another site could ride on.
WITHOUT_COOKIE = ("/api/", "/fhir/hook/")
FORM = "application/x-www-form-urlencoded"  # MAX_FORM_PARTS itself counts multipart forms only


def init_app(app: Flask) -> None:
    """Check every unsafe request of a browser."""
    app.config.update(WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_SSL_STRICT=True)
    protection.init_app(app)


def check() -> None:
    """Refuse a form of too many fields before it is read, and an unsafe request without the session's token."""
    most = current_app.config["MAX_FORM_PARTS"]
    if request.mimetype == FORM and request.get_data(cache=True).count(b"&") > most:
        raise RequestEntityTooLarge
    if request.endpoint is None:
        return  # it leads nowhere: 404 or 405 says so
    if request.method not in SAFE_METHODS and not request.path.startswith(WITHOUT_COOKIE):
        protection.protect()
