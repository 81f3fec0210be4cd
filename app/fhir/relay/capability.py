"""Capability: which types a target takes, and under whose ids; asked of it before the first delivery, then daily."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

import structlog

from app.core import clock
from app.core.relay import TargetDownError
from app.core.transaction import release
from app.fhir.client import Capability, RequestRefusedError
from app.fhir.relay import linking
from app.fhir.relay.answers import SENTENCES, Verdict
from app.fhir.relay.linking import ADMIN, ANSWER, METADATA, Takes
from app.fhir.relay.sending import Line
from app.fhir.rules import TYPES, Target

log = structlog.get_logger(__name__)

FRESH: Final = timedelta(days=1)
AGAIN_SECONDS: Final = 3600.0
# What an answer teaches about a type: whether it is taken, and under ids of ours.
TAUGHT: Final[Mapping[Verdict, tuple[bool, bool | None]]] = {
    Verdict.UNSUPPORTED: (False, None),
    Verdict.NO_IDS: (True, False),
}
_asked_in_vain: dict[str, float] = {}  # when this process asked a target in vain, on the monotonic clock


def ensured(line: Line, takes: Mapping[str, Takes]) -> Mapping[str, Takes]:
    """Return what is known of a target, asked anew where that is older than a day.

    Raise TargetDownError at the very first time only: later an old answer is better than none.
    """
    if _is_fresh(line.target, takes):
        return takes
    try:
        said = line.capability()
    except (RequestRefusedError, TargetDownError) as error:
        if not takes and isinstance(error, TargetDownError):
            raise
        log.warning("fhir_capability_unknown", target=line.target.name, reason=error.reason)
        _asked_in_vain[line.target.base_url] = clock.monotonic()
        return takes
    types = {resource_type: _said_of(said, resource_type) for resource_type in TYPES.values()}
    linking.learn(line.target, types, by=METADATA, detail=said.software)
    learnt = linking.takes(line.target)
    release()
    return learnt


def learnt(
    target: Target, resource_type: str, verdict: Verdict, takes: Mapping[str, Takes]
) -> Mapping[str, Takes]:
    """Keep what an answer taught about a type, and return what is known now; once for each type and lesson."""
    is_taken, allows = TAUGHT[verdict]
    known = takes.get(resource_type)
    if known is not None and (known.is_taken, known.allows_our_ids) == (is_taken, allows):
        return takes
    linking.learn(target, {resource_type: (is_taken, allows)}, by=ANSWER, detail=SENTENCES[verdict])
    release()
    now = (
        replace(known, is_taken=is_taken, allows_our_ids=allows)
        if known is not None
        else Takes(is_taken=is_taken, allows_our_ids=allows, decided_by=ANSWER, at=clock.utcnow())
    )
    return {**takes, resource_type: now}


def allows_our_ids(target: Target, known: Takes | None) -> bool:
    """Whether a type is put under ids of ours: as the settings say, unless the target says that it does not."""
    return target.ids == "ours" and (known is None or known.allows_our_ids is not False)


def _said_of(said: Capability, resource_type: str) -> tuple[bool, bool | None]:
    """Return whether a type is taken, and under ids of ours; a statement without types says nothing of either."""
    found = said.types.get(resource_type)
    if found is None:
        return not said.types, None
    return found.is_taken, found.allows_our_ids


def _is_fresh(target: Target, takes: Mapping[str, Takes]) -> bool:
    """Whether the target has said it within a day, or was asked in vain within the hour; an admin needs no asking."""
    if all(name in takes and takes[name].decided_by == ADMIN for name in TYPES.values()):
        return True
    said = [one.at for one in takes.values() if one.decided_by != ADMIN]
    if said and clock.utcnow() - max(said) < FRESH:
        return True
    asked = _asked_in_vain.get(target.base_url)
    return bool(takes) and asked is not None and clock.monotonic() - asked < AGAIN_SECONDS
