"""Ward: one queue as its nurses and doctors drive it, by keyboard, with ten seconds to take a click back."""

from flask import Blueprint

from app.web.ward import commands, page, rooms

blueprint = Blueprint("ward", __name__)
page.register(blueprint)
commands.register(blueprint)
rooms.register(blueprint)
