"""Ward: one queue as its nurses and doctors drive it, by keyboard, with ten seconds to take a click back."""

from flask import Blueprint

from app.boards import queries as boards
from app.web.ward import calling, page, rooms, serving, sheets

blueprint = Blueprint("ward", __name__)
blueprint.context_processor(lambda: {"emr_as_of": boards.emr_as_of})
page.register(blueprint)
sheets.register(blueprint)
calling.register(blueprint)
serving.register(blueprint)
rooms.register(blueprint)
