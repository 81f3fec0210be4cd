"""The kiosk: one question per page, answers checked before anything happens, and nobody remembered afterwards."""

from flask import Blueprint

from app.boards import queries as boards
from app.web.kiosk import identity, start, way

blueprint = Blueprint("kiosk", __name__)
blueprint.context_processor(lambda: {"emr_as_of": boards.emr_as_of})
start.register(blueprint)
identity.register(blueprint)
way.register(blueprint)
