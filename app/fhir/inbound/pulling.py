"""Reading the EMR page by page: one reader per target, and how far it has read moves only behind what was taken."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError

from app.core import clock
from app.core.errors import BusyError
from app.core.relay import TargetDownError
from app.core.transaction import release
from app.fhir.client import FhirClient, RequestRefusedError
from app.fhir.inbound import links, paging, reader
from app.fhir.inbound.paging import instant, last_updated, start
from app.fhir.inbound.reader import FIRST_LOOK_BACK, Lease, LeaseLostError
from app.fhir.inbound.reading import CannotTakeError, Resource, Stamp, Why, stamp_of
from app.fhir.inbound.shapes import NeedError
from app.fhir.inbound.taking import PRACTITIONER, TYPES, Took, take
from app.fhir.queries import inbound as known
from app.fhir.rules import Target
from app.wayfinding import queries as wayfinding

log = structlog.get_logger(__name__)

OVERLAP: Final = timedelta(seconds=60)  # a clock behind a load balancer, a write that was seen late
MOST_SECONDS: Final = 45.0
MOST_PARENTS: Final = 4  # a duplicate of a duplicate of …
# A server that does not know these has no rooms or names to tell, and is read all the same.
OPTIONAL: Final = frozenset({PRACTITIONER, "Location", "ServiceRequest"})
NOT_THERE: Final = frozenset({404, 410})
PARENT_MISSING: Final[Mapping[str, Why]] = {"Patient": Why.UNKNOWN_PATIENT}


@dataclass(slots=True, kw_only=True)
class Pulled:
    """What a pull came to. `is_mine` False: another worker reads, or the target is left alone; `error` ended it."""

    is_mine: bool = True
    counts: dict[Took, int] = field(default_factory=dict)
    unmatched: int = 0
    error: str | None = None
    is_whole: bool = False

    @property
    def taken(self) -> int:
        """Return how many resources changed something here."""
        return self.counts.get(Took.TAKEN, 0)

    @property
    def echoes(self) -> int:
        """Return how many were our own word."""
        return self.counts.get(Took.ECHO, 0)


def pull(target: Target, *, full: bool = False, most_seconds: float = MOST_SECONDS) -> Pulled:
    """Read what is new at a target, types that others refer to first; what could not be taken is listed.

    Any number of workers may ask: one reads, the others find it read. A run that is killed, or out of time, goes
    on where the last whole page ended. `full`: from the beginning to the end, however long that takes, also what was
    read before. While the breaker is
    open nothing is asked; a failed request counts for it like a failed delivery.
    """
    sites = wayfinding.sites()
    release()
    lease = reader.begin(target) if sites else None
    if lease is None:
        return Pulled(is_mine=False)
    until = math.inf if full else clock.monotonic() + most_seconds
    run = _Run(target, lease, site=sites[0][0], full=full, until=until)
    return _ended(run, run.read_all)


def retry(target: Target) -> Pulled:
    """Read again everything on the list of what could not be taken (an admin has mended a code, say)."""
    sites = wayfinding.sites()
    release()
    lease = reader.begin(target) if sites else None
    if lease is None:
        return Pulled(is_mine=False)
    run = _Run(target, lease, site=sites[0][0], full=False, until=clock.monotonic() + MOST_SECONDS)
    return _ended(run, lambda: run.read_listed(links.unmatched(target)))


class OutOfTimeError(Exception):
    """This run has had its time; the next one goes on from the last whole page."""


class _Run:
    """One reading of one target."""

    def __init__(self, target: Target, lease: Lease, *, site: str, full: bool, until: float) -> None:
        self.target, self.lease, self.site, self.full, self.until = target, lease, site, full, until
        self.client = FhirClient(target)
        self.pulled = Pulled()

    def read_all(self) -> None:
        """Read all types, then what waits for something that is here now."""
        try:
            for resource_type in TYPES:
                try:
                    self._read_type(resource_type)
                except RequestRefusedError as error:
                    reader.note_error(self.lease, resource_type, error.reason)
                except TargetDownError as error:
                    if resource_type not in OPTIONAL or not error.opens:
                        raise
                    reader.note_error(self.lease, resource_type, error.reason)
            self.read_listed(self._now_possible())
        except OutOfTimeError:
            log.info("fhir_pull_goes_on_later", target=self.target.name)
        else:
            self.pulled.is_whole = True

    def read_listed(self, listed: Sequence[tuple[str, str, str, str]]) -> None:
        """Read what is on the list of the unmatched once more, each by itself."""
        for resource_type, remote_id, _reason, _detail in listed:
            self._check_time({Took.TAKEN: 1})
            reader.keep(self.lease)
            resource = self._read(resource_type, remote_id)
            if resource is None:
                reader.forget(self.target, resource_type, remote_id)  # gone there: nothing to take
            else:
                self._take(resource_type, resource, is_again=True)

    def _read_type(self, resource_type: str) -> None:
        watermark = reader.watermark(self.lease, resource_type)
        if watermark is None and resource_type == "Appointment":
            self._read_days()
        since = self._since(resource_type, watermark)
        for page in paging.pages(self.client, resource_type, "_lastUpdated", since, last_updated):
            counts = self._absorb(resource_type, page)
            times = [at for one in page if (at := last_updated(one)) is not None]
            reader.advance(self.lease, resource_type, max(times, default=None), counts)
            self._check_time(counts)
        reader.done(self.lease, resource_type)

    def _since(self, resource_type: str, watermark: datetime | None) -> datetime | None:
        """Return from when to read; None: from the beginning, for what is small and hardly ever changes."""
        if self.full:
            return None
        if watermark is not None:
            return watermark - OVERLAP
        return None if resource_type in {PRACTITIONER, "Location"} else clock.utcnow() - FIRST_LOOK_BACK

    def _read_days(self) -> None:
        """Read who is booked today and tomorrow, whenever that was written."""
        begin, _ = clock.day_bounds(clock.today())
        _, end = clock.day_bounds(clock.today() + timedelta(days=1))
        for page in paging.pages(
            self.client, "Appointment", "date", begin, start, ("date", f"lt{instant(end)}")
        ):
            counts = self._absorb("Appointment", page)
            reader.advance(self.lease, "Appointment", None, counts)
            self._check_time(counts)

    def _absorb(self, resource_type: str, page: Sequence[Resource]) -> dict[Took, int]:
        """Take a page, resource by resource; one that cannot be taken stops none of the others."""
        before = dict(self.pulled.counts)
        ids = [one["id"] for one in page if isinstance(one.get("id"), str)]
        seen = {} if self.full else links.versions(self.target, resource_type, ids)
        release()
        for resource in page:
            version = _version(resource)
            if version is not None and seen.get(str(resource.get("id"))) == version:
                self._count(Took.SAME)
            else:
                self._take(resource_type, resource, is_again=self.full)
        return {
            took: count - before.get(took, 0)
            for took, count in self.pulled.counts.items()
            if count > before.get(took, 0)
        }

    def _take(self, resource_type: str, resource: Resource, *, is_again: bool, depth: int = 0) -> None:
        try:
            stamp = stamp_of(resource, resource_type)
        except CannotTakeError:
            # Without an id it can neither be listed nor asked for again.
            log.warning("fhir_resource_without_id", target=self.target.name, kind=resource_type)
            self.pulled.unmatched += 1
            return
        try:
            self._count(self._with_parents(stamp, resource, is_again=is_again, depth=depth))
        except (TargetDownError, LeaseLostError, OperationalError):
            raise
        except BusyError as error:
            raise OutOfTimeError from error
        except Exception as error:  # noqa: BLE001 - a fault of ours with one resource must not hold up the others
            cannot = error if isinstance(error, CannotTakeError) else _fault(error)
            self.pulled.unmatched += 1
            links.list_unmatched(self.target, stamp, cannot)
            log.info("fhir_unmatched", target=self.target.name, kind=resource_type, reason=str(cannot.why))

    def _with_parents(self, stamp: Stamp, resource: Resource, *, is_again: bool, depth: int) -> Took:
        """Take one resource, and before it whom it refers to and who is not here yet. Raise CannotTakeError."""
        for _ in range(MOST_PARENTS):
            try:
                return take(self.target, stamp, resource, site=self.site, is_again=is_again)
            except NeedError as need:
                self._fetch(need, depth, is_merge=stamp.resource_type == need.resource_type)
        raise CannotTakeError(Why.MALFORMED, "reference")

    def _fetch(self, need: NeedError, depth: int, *, is_merge: bool) -> None:
        """Take over what another resource refers to. Raise CannotTakeError where it is not to be had."""
        why = Why.MERGED_INTO_UNKNOWN if is_merge else PARENT_MISSING[need.resource_type]
        parent = self._read(need.resource_type, need.remote_id) if depth < MOST_PARENTS else None
        if parent is None:
            raise CannotTakeError(why, need.remote_id)
        self._take(need.resource_type, parent, is_again=True, depth=depth + 1)
        is_here = links.ours(self.target, need.resource_type, need.remote_id) is not None
        release()
        if not is_here:
            raise CannotTakeError(why, need.remote_id)

    def _read(self, resource_type: str, remote_id: str) -> Resource | None:
        """Ask for one resource; None where it is not there (any more)."""
        answer = self.client.read(resource_type, remote_id)
        release()
        return None if answer.status in NOT_THERE else answer.resource

    def _now_possible(self) -> list[tuple[str, str, str, str]]:
        """Return what is listed and may succeed by now, though it has not changed.

        Orders of somebody who is expected or here now; orders of a room that may be empty again; whatever refers
        to a patient who could be taken since.
        """
        waiting = links.unmatched(self.target, reasons=[Why.WAITS_FOR_VISIT])
        ids = {UUID(detail) for _, _, _, detail in waiting if detail}
        here = {str(one) for one in known.with_visit_today(ids)} if ids else set()
        listed = [one for one in waiting if one[3] in here]
        listed += links.unmatched(self.target, reasons=[Why.IN_ROOM])
        for one in links.unmatched(self.target, reasons=[Why.UNKNOWN_PATIENT, Why.MERGED_INTO_UNKNOWN]):
            if one[3] and links.ours(self.target, "Patient", one[3]) is not None:
                listed.append(one)
        release()
        return listed

    def _count(self, took: Took) -> None:
        self.pulled.counts[took] = self.pulled.counts.get(took, 0) + 1

    def _check_time(self, counts: Mapping[Took, int]) -> None:
        """Stop after a page that brought news: the next run passes it quickly, and so each run gets further."""
        if clock.monotonic() >= self.until and set(counts) - {Took.SAME}:
            raise OutOfTimeError


def _ended(run: _Run, read: Callable[[], None]) -> Pulled:
    """Read, and give the lease back with what came of it."""
    try:
        with suppress(OutOfTimeError):
            read()
    except TargetDownError as error:
        run.pulled.error = error.reason
        reader.failed(run.lease, error)
    except LeaseLostError:
        log.warning("fhir_pull_overtaken", target=run.target.name)
    except BaseException:
        reader.give_up(run.lease)
        raise
    else:
        reader.succeeded(run.lease, is_whole=run.pulled.is_whole)
    finally:
        release()
    return run.pulled


def _fault(error: Exception) -> CannotTakeError:
    """Return how a fault of ours is listed: by its type alone, as its text may quote a patient's data."""
    log.error("fhir_taking_failed", error_type=type(error).__name__)
    return CannotTakeError(Why.FAILED, type(error).__name__)


def _version(resource: Resource) -> str | None:
    meta = resource.get("meta")
    version = meta.get("versionId") if isinstance(meta, Mapping) else None
    return f'W/"{version}"' if version else None
