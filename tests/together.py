"""Many hands at once: each in a thread and an application context of its own, let go at the same moment."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask

from app.core.transaction import release

LONGEST_SECONDS = 600.0


def together(app: Flask, works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all works at once; return, in their order, what each returned or raised."""
    release()  # the test's own read must not stand in anybody's way
    answers: list[Any] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def run(index: int) -> None:
        with app.app_context():
            barrier.wait(LONGEST_SECONDS)
            try:
                answers[index] = works[index]()
            except Exception as error:  # noqa: BLE001 - what was raised is the answer
                answers[index] = error
            finally:
                release()

    threads = [threading.Thread(target=run, args=(index,), daemon=True) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONGEST_SECONDS)
        assert not thread.is_alive(), "somebody waits for ever"
    return answers
