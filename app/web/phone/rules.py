"""How a line is called: the stated rules of a queue, for whoever waits in it and whoever asks."""

from uuid import UUID

from flask import Blueprint, render_template

from app.accounts.roles import Role
from app.door import actor, public
from app.queues import queries as queues


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/rules/<uuid:queue_id>", view_func=rules, methods=["GET"])


@public
def rules(queue_id: UUID) -> str:
    """Say the rules of a queue in short sentences; nobody's number is in them. Two statements."""
    return render_template(
        "phone/rules.html",
        head=queues.head(queue_id),
        policy=queues.policy(queue_id),
        has_visit=actor().role == Role.PATIENT,
    )
