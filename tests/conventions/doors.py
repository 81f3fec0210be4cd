"""Every way into the house and who may use it, one per line: `python -m tests.conventions.doors` writes the list."""

from pathlib import Path

import click
from flask import Flask

from app import settings
from app.core.jobs import LIMITS
from app.door import rights
from app.door.rights import permission_of
from app.jobs.clock import DUTIES

STORED = Path(__file__).with_name("routes.txt")
HEAD = """# Every way into the house and who may use it. Written by `make docs`; a test compares.
# A new line is a new way in: look at it as a burglar would.
"""
QUIET = frozenset({"HEAD", "OPTIONS"})


def routes(app: Flask) -> dict[str, str]:
    """Return each route with what it asks for; nothing where nobody has said."""
    found: dict[str, str] = {}
    for rule in app.url_map.iter_rules():
        ways = "SOCKET" if rule.websocket else ",".join(sorted((rule.methods or set()) - QUIET))
        found[f"{ways} {rule.rule} -> {rule.endpoint}"] = str(permission_of(app, rule.endpoint) or "")
    return found


def commands(group: click.Command, name: str = "flask") -> dict[str, str]:
    """Return each command at the machine; whoever may sign in there may use it."""
    if not isinstance(group, click.Group):
        return {name: "machine"}
    return {
        line: who
        for verb, inner in group.commands.items()
        for line, who in commands(inner, f"{name} {verb}").items()
    }


def page(app: Flask) -> str:
    """Return the whole list."""
    jobs = {f"job {job}": f"system, queue {limits.queue}" for job, limits in LIMITS.items()}
    duties = {
        f"duty {duty.name}": f"system, every {duty.every.seconds} s by {duty.work.__module__}"
        for duty in DUTIES
    }
    everything = {**routes(app), **commands(app.cli), **jobs, **duties}
    return HEAD + "".join(f"{line}: {who}\n" for line, who in sorted(everything.items()))


def public(app: Flask) -> frozenset[str]:
    """Return the routes that ask for nothing."""
    return frozenset(line for line, who in routes(app).items() if who == rights.PUBLIC)


if __name__ == "__main__":
    from app.factory import create_app

    values = {"APP_ENV": "test", "SECRET_KEY": "only to list the routes, never to sign"}
    STORED.write_text(page(create_app(settings.load(values))), encoding="utf-8")
