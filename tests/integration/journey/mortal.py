"""A process that dies in the middle: for each wish it forks a child, which kills itself at a given write.

`python -m tests.integration.journey.mortal SETTINGS` reads wishes as lines of JSON and answers each with the child's
exit code (negative: the signal that ended it).
"""

import json
import os
import signal
import sys
import traceback
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from app import settings
from app.core.actor import Actor
from app.core.idempotency import Presented, presenting
from app.factory import create_app
from app.journey import services as journey
from app.orders.services import Wanted

CONFIRMED = frozenset({"identity", "short_service", "overtaking", "everybody"})
WRITES = ("INSERT", "UPDATE", "DELETE")
AFTER_COMMIT = 0


def die_at(count: int) -> None:
    """Kill this process just before its write number `count` (a COMMIT counts as one), or right after a commit."""
    seen = [0]

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def write() -> None:
        seen[0] += 1
        if seen[0] == count:
            die()

    def before_statement(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().upper().startswith(WRITES):
            write()

    def after_commit(session: Session) -> None:
        if not session.in_nested_transaction():
            die()

    event.listen(Engine, "before_cursor_execute", before_statement)
    event.listen(Engine, "commit", lambda _connection: write())
    if count == AFTER_COMMIT:
        event.listen(Session, "after_commit", after_commit)


def give(wish: dict[str, Any]) -> None:
    """Give the command of a wish."""
    who = wish["by"]
    by = Actor(
        kind="staff",
        role=who["role"],
        id=UUID(who["id"]),
        units=frozenset(UUID(unit) for unit in who["units"]),
        name="",
    )
    with presenting(Presented(scope="mortal", key=wish["key"], fingerprint="x") if wish.get("key") else None):
        if wish["what"] == "close_day":
            journey.close_day(date.fromisoformat(wish["day"]))
        elif wish["what"] == "place_order":
            items = [Wanted(item, quantity) for item, quantity in wish["items"]]
            journey.place_order(UUID(wish["visit"]), items=items, by=by)
        elif wish["what"] == "revoke_order":
            journey.revoke_order(UUID(wish["order"]), version=wish["version"], reason="중복", by=by)
        elif wish["what"] == "transfer":
            journey.transfer(
                UUID(wish["entry"]), service_point_id=UUID(wish["room"]), version=wish["version"], by=by
            )
        else:
            journey.complete(UUID(wish["entry"]), version=wish["version"], confirm=CONFIRMED, by=by)


def main() -> None:
    """Fork a child for each wish, and say how it ended."""
    app = create_app(settings.load(json.loads(sys.argv[1])))
    for line in sys.stdin:
        wish = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                die_at(wish["at"])
                with app.app_context():
                    give(wish)
            except BaseException:  # noqa: BLE001 - the child must never come back into the loop
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
