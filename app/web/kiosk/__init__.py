"""The kiosk: one question per page, answers checked before anything happens, and nobody remembered afterwards."""

from flask import Blueprint

from app.web.kiosk import identity, start, way

blueprint = Blueprint("kiosk", __name__)
start.register(blueprint)
identity.register(blueprint)
way.register(blueprint)
