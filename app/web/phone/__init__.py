"""The patient's own phone: at a tag, on the visit's page, through the link on the slip. No app, no script needed."""

from flask import Blueprint

from app.web.phone import alerts, aside, notices, refusals, rules, tag, visit

blueprint = Blueprint("phone", __name__)
tag.register(blueprint)
visit.register(blueprint)
aside.register(blueprint)
notices.register(blueprint)
alerts.register(blueprint)
refusals.register(blueprint)
rules.register(blueprint)
