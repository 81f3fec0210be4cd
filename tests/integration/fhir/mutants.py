"""Relays with one rule taken out: whoever cannot tell them from the real one proves nothing by its silence."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from app.core.relay import Delivered, Outcome, claiming, engine
from app.core.relay.claiming import Claim, Item
from app.core.relay.consumer import Rendered
from app.core.relay.finishing import finish
from app.fhir.relay.answers import Phase
from app.fhir.relay.bundles import Request
from app.fhir.relay.errands import Errand


def become(name: str) -> None:
    """Take a rule out of this process; an empty name leaves the relay as it is."""
    if name:
        MUTANTS[name]()


def _no_head_of_line() -> None:
    """Let several rows of one aggregate be on their way at once, and nothing guard what is there."""
    claiming.OPEN = ()  # type: ignore[assignment]
    claiming._with_newer = lambda _consumer, rows: rows  # type: ignore[assignment]
    _without_guard()


def _no_look() -> None:
    """Write again what may have arrived, without a look and without If-Match."""
    _without_guard()


def _without_guard() -> None:
    whole = Errand.set_out

    def set_out(self: Errand, known: Any, **given: Any) -> None:
        whole(self, known, **given)
        self.must_look, self.etag = False, None

    Errand.set_out = set_out  # type: ignore[method-assign]


def _acknowledge_first() -> None:
    """Say that it arrived, then send it."""
    whole = engine._send

    def send(claimed: Claim, bundle: Sequence[Item], rendered: dict[int, Rendered]) -> Sequence[Outcome]:
        alone = replace(claimed, consumer=replace(claimed.consumer, settled=lambda _ends: None))
        finish(alone, dict.fromkeys(bundle, Delivered()), rendered, has_answered=True)
        return whole(claimed, bundle, rendered)

    engine._send = send


def _create_by_post() -> None:
    """Create with POST, as if the answer could not be lost."""
    whole = Errand.write

    def write(self: Errand) -> Request | None:
        made = whole(self)
        if made is not None and made.phase is Phase.CREATE:
            return replace(made, url=self.resource_type)
        return made

    Errand.write = write  # type: ignore[method-assign]
    Request.method = property(  # type: ignore[assignment,method-assign]
        lambda self: "GET" if self.phase is Phase.LOOK else "POST" if "/" not in self.url else "PUT"
    )
    _without_guard()


MUTANTS: dict[str, Callable[[], None]] = {
    "no-head-of-line": _no_head_of_line,
    "no-look": _no_look,
    "acknowledge-first": _acknowledge_first,
    "create-by-post": _create_by_post,
}
