"""Verbs of the tags: hung up, scanned, given a new label, taken out of service."""

from dataclasses import dataclass
from uuid import UUID

from app.accounts.roles import Permission, require
from app.core import audit, clock, ids
from app.core.actor import Actor
from app.core.db import db
from app.core.errors import InvalidError, NotFoundError, TagRevokedError
from app.core.idempotency import command
from app.core.locking import check_version, hold
from app.core.transaction import transactional
from app.tags import queries, signing
from app.tags.models import Tap, Touchpoint
from app.tags.queries import Labelled, TagPlace, look
from app.tags.rules import LONGEST_NAME, Presence, TagKind
from app.tags.signing import check_nonce
from app.wayfinding import queries as wayfinding
from app.wayfinding.rules import Name

__all__ = [
    "Presence",
    "Scan",
    "Tag",
    "TagPlace",
    "check_nonce",
    "issue",
    "look",
    "proof_of",
    "revoke",
    "rotate",
    "scan",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag(Labelled):
    """A tag after a command; what its label says is computed, so a stored answer holds no mac."""

    touchpoint_id: UUID
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan(TagPlace):
    """A scan that was logged; whoever holds the nonce stood there within the last ten minutes."""

    nonce: str


@command
def issue(
    place: str, *, kind: TagKind | str, name: Name | None = None, site: str | None = None, by: Actor
) -> Tag:
    """Hang up a tag at a place of the map; without a name it is called what the map calls it."""
    require(by, Permission.MANAGE_TAGS)
    if kind not in set(TagKind):
        raise InvalidError(field="kind", why="unknown", allowed=sorted(TagKind))
    node = _standing_at(place, site)
    called = _checked(name or node.name)
    tag = Touchpoint(
        token_id=_new_token_id(),
        kind=TagKind(kind),
        node_id=node.id,
        place=place,
        name_ko=called.ko,
        name_en=called.en,
        key_version=1,
        version=1,
        created_at=clock.utcnow(),
    )
    db.session.add(tag)
    db.session.flush()
    return _recorded("issue", tag, by=by)


@command
def rotate(token_id: str, *, version: int | None = None, by: Actor) -> Tag:
    """Give a tag a new label; the old one is refused as revoked from now on. Raise TagRevokedError."""
    require(by, Permission.MANAGE_TAGS)
    tag = _hold(token_id)
    if version is not None:
        check_version(tag.version, version)
    if not tag.is_active:
        raise TagRevokedError
    tag.key_version += 1
    tag.version += 1
    return _recorded("rotate", tag, by=by)


@command
def revoke(token_id: str, *, version: int | None, by: Actor) -> Tag:
    """Take a tag out of service for good; the posted version is compared. A second time changes nothing."""
    require(by, Permission.MANAGE_TAGS)
    tag = _hold(token_id)
    if not tag.is_active:
        return _answer(tag)
    check_version(tag.version, version)
    tag.is_active, tag.revoked_at = False, clock.utcnow()
    tag.version += 1
    return _recorded("revoke", tag, by=by)


def scan(token: str, *, by: Actor, visit_id: UUID | None = None) -> Scan:
    """Log that somebody stands at a tag and return the nonce that says so for ten minutes.

    Looked up before the unit begins: a guessed token costs one read, never a turn among the writers.
    Raise UnknownTagError, TagRevokedError.
    """
    found = look(token)
    _log(found, by=by, visit_id=visit_id or by.visit_id)
    return proof_of(found)


def proof_of(found: TagPlace) -> Scan:
    """Return a scan that is logged already, with a fresh nonce."""
    return Scan(
        id=found.id,
        touchpoint_id=found.touchpoint_id,
        place=found.place,
        kind=found.kind,
        name=found.name,
        nonce=signing.new_nonce(Presence(place=found.place, touchpoint_id=found.touchpoint_id)),
    )


@transactional
def _log(found: TagPlace, *, by: Actor, visit_id: UUID | None) -> None:
    db.session.add(
        Tap(
            touchpoint_id=found.id,
            at=clock.utcnow(),
            actor_kind=by.kind,
            session_id=audit.fingerprint(by.session_id) if by.session_id else None,
            visit_id=visit_id,
            client_id=by.device_id,
        )
    )


def _new_token_id() -> str:
    """Return an id that `flask tags revoke` does not take for an option."""
    while (token_id := ids.short_id()).startswith("-"):
        pass
    return token_id


def _standing_at(place: str, site: str | None) -> wayfinding.Place:
    """Return the place on the map. Raise InvalidError for one that it does not have, or has on two sites."""
    if not f"{place}{site or ''}".isascii():  # MySQL refuses to compare an ascii column with Korean (1267)
        raise InvalidError(field="place", why="unknown")
    try:
        return wayfinding.place_of(place, site_code=site)
    except NotFoundError:
        raise InvalidError(field="place", why="unknown") from None
    except InvalidError:
        raise InvalidError(field="site", why="missing") from None


def _checked(name: Name | None) -> Name:
    """Return the name as it will be printed. Raise InvalidError where a language has none."""
    if name is None:
        raise InvalidError(field="name", why="missing")
    tidy = Name(" ".join(name.ko.split()), " ".join(name.en.split()))
    for field, said in (("name_ko", tidy.ko), ("name_en", tidy.en)):
        if not said:
            raise InvalidError(field=field, why="missing")
        if len(said) > LONGEST_NAME:
            raise InvalidError(field=field, why="length", limit=LONGEST_NAME)
    return tidy


def _hold(token_id: str) -> Touchpoint:
    """Lock a tag. Raise NotFoundError."""
    return hold(Touchpoint, queries.tag(token_id).touchpoint_id)


def _answer(tag: Touchpoint) -> Tag:
    return Tag(
        touchpoint_id=tag.public_id,
        token_id=tag.token_id,
        key_version=tag.key_version,
        version=tag.version,
    )


def _recorded(deed: str, tag: Touchpoint, *, by: Actor) -> Tag:
    audit.record(
        f"tags:touchpoint:{deed}",
        by=by,
        object_=f"touchpoint:{tag.public_id}",
        details={"place": tag.place, "key_version": tag.key_version},
    )
    return _answer(tag)
