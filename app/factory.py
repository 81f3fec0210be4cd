"""The application: a flat list of registrations, no logic."""

from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from app import settings as settings_module
from app import subscribers
from app.cli.nouns import GROUPS
from app.core import events, relay
from app.core.db import db, engine_options
from app.core.observability import logging
from app.demo.commands import demo
from app.door import (
    assets,
    context,
    csrf,
    flood,
    headers,
    heavy,
    house,
    identity,
    keys,
    language,
    privacy,
    rights,
    uploads,
)
from app.fhir.relay import registering as fhir
from app.imaging import consumers as imaging
from app.live import SERVER_OPTIONS, GuardSockets, Live, push
from app.live import views as live
from app.live.hub import Hub
from app.live.limits import THREADS_FOR_PAGES, Limits
from app.live.listener import subscribe_to_moves
from app.live.topics import Hospital
from app.notices import consumers as notices
from app.settings import ROOT, Settings
from app.web import (
    admin,
    alerts,
    api,
    board,
    cashier,
    catalogue,
    desk,
    dicomweb,
    errors,
    kiosk,
    login,
    maps,
    ops,
    orders,
    pharmacy,
    phone,
    radiology,
    records,
    viewer,
    ward,
)
from app.web import imaging as imaging_pages

BLUEPRINTS = (
    login.blueprint,
    kiosk.blueprint,
    phone.blueprint,
    maps.blueprint,
    ward.blueprint,
    alerts.blueprint,
    board.blueprint,
    desk.blueprint,
    cashier.blueprint,
    records.blueprint,
    imaging_pages.blueprint,
    radiology.blueprint,
    viewer.blueprint,
    pharmacy.blueprint,
    catalogue.blueprint,
    orders.blueprint,
    admin.blueprint,
    api.blueprint,
    dicomweb.blueprint,
    live.blueprint,
    ops.blueprint,
)
# The page of a conflict sends mine and both; a syllable takes nine bytes of a form, and a note may have 16,000.
LARGEST_REQUEST_BYTES = 512 * 1024
MOST_FORM_PARTS = 200


def register_consumers() -> None:
    """Let the relay know those, and those alone, who deliver what these settings ask for."""
    relay.clear()
    notices.register_consumers()
    fhir.register_consumers()
    imaging.register_consumers()


def create_app(settings: Settings | None = None) -> Flask:
    """Return the whole house, ready to open."""
    settings = settings or settings_module.from_environment()
    settings_module.use(settings)
    logging.configure(settings.log_level)

    app = house.House("app", root_path=str(ROOT), template_folder="templates", static_folder="static")
    app.request_class = uploads.HouseRequest
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        SECRET_KEY_FALLBACKS=[key.get_secret_value() for key in settings.secret_key_fallbacks],
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database),
        SESSION_COOKIE_NAME=f"{'__Host-' if settings.is_https else ''}annae-session",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=LARGEST_REQUEST_BYTES,
        MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST_BYTES,
        MAX_FORM_PARTS=MOST_FORM_PARTS,
        SOCK_SERVER_OPTIONS=SERVER_OPTIONS,
        TEMPLATES_AUTO_RELOAD=False,
        SETTINGS=settings,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.url_map.strict_slashes = False

    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True, compare_type=True)
    for room in (identity, csrf, flood, language, assets, context, errors):
        room.init_app(app)

    for check in (
        headers.begin,
        uploads.widen,
        csrf.check,
        live.check_socket,
        rights.check_rights,
        privacy.check_lock,
        heavy.take_place,
        keys.read_key,
    ):
        app.before_request(check)
    for finish in (headers.finish, keys.tell_replay, identity.keep_client, identity.touch):
        app.after_request(finish)

    app.teardown_request(heavy.give_place_back)

    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    for group in (*GROUPS, demo):
        app.cli.add_command(group)

    app.extensions[push.EXTENSION] = Live(
        lambda: Hub(
            Hospital(),
            context=lambda: app.test_request_context(base_url=settings.public_url),
            subscribe=subscribe_to_moves if settings.redis_url else None,
            limits=Limits(
                sockets=settings.threads - THREADS_FOR_PAGES,
                per_user=settings.sockets_per_user,
                per_device=settings.sockets_per_device,
            ),
        )
    )
    register_consumers()
    events.react(subscribers.REACTIONS)
    app.wsgi_app = GuardSockets(app.wsgi_app)  # type: ignore[method-assign]
    if settings.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=0
        )
    return app
