"""Registering: each FHIR server that is set up takes promises; what it does not take is never rendered."""

from collections.abc import Mapping, Sequence
from functools import partial

from app.core.relay import Consumer, Refused, Rendered, Skipped, Wanted, register
from app.fhir import targets
from app.fhir.relay import linking, rendering
from app.fhir.relay.answers import TYPE_OFF
from app.fhir.relay.bundles import MOST_ENTRIES
from app.fhir.relay.delivering import SEND_SECONDS, deliver
from app.fhir.rules import TYPES, Kind, Target

# Claimed, rendered and stored together: what a claim costs is shared by four bundles.
CLAIMED_BUNDLES = 4


def register_consumers() -> None:
    """Take promises for the targets of the settings; without one no row is ever written."""
    for target in targets.configured():
        register(consumer(target))


def consumer(target: Target) -> Consumer:
    """Return who brings our state to a target: always the newest, whatever was promised in between."""
    return Consumer(
        name=target.consumer,
        kinds=frozenset(Kind),
        mode="snapshot",
        render=partial(render, target),
        deliver=partial(deliver, target),
        settled=partial(linking.settled, target),
        bundle=MOST_ENTRIES,
        claim_rows=CLAIMED_BUNDLES * MOST_ENTRIES,
        send_seconds=SEND_SECONDS,
    )


def render(target: Target, wanted: Sequence[Wanted]) -> Mapping[Wanted, Rendered | Skipped | Refused]:
    """Render what the target takes, with its own ids for our staff; at most 2 statements more than rendering itself."""
    takes = linking.takes(target)
    off = {kind for kind, name in TYPES.items() if name in takes and not takes[name].is_taken}
    return {
        **rendering.render(
            [one for one in wanted if one.kind not in off], staff_at=partial(linking.staff, target)
        ),
        **{one: Skipped(TYPE_OFF) for one in wanted if one.kind in off},
    }
