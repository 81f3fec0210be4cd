"""Page by page through a search that goes on changing while it is read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from app.core.transaction import release
from app.fhir.client import FhirClient
from app.fhir.inbound.reading.elements import Resource, moment_of

PAGE_ROWS: Final = 100
MOST_ROWS: Final = 3200


def pages(
    client: FhirClient,
    resource_type: str,
    key: str,
    since: datetime | None,
    key_of: Callable[[Resource], datetime | None],
    *more: tuple[str, str],
) -> Iterator[Sequence[Resource]]:
    """Yield pages in the order of a key, each next one asked for by the last one's key.

    Offsets would skip whoever changes while we read: the changed one moves to the end, and all others forward.
    Where a whole page has one key, the server's own next page follows, else a larger one is asked for.
    """
    count = PAGE_ROWS
    while True:
        params: dict[str, str | list[str]] = {"_sort": key, "_count": str(count)}
        bounds = [f"ge{instant(since)}"] if since is not None else []
        bounds += [value for name, value in more if name == key]
        if bounds:
            params[key] = bounds
        has_more = False
        for page in client.search(resource_type, params):
            release()
            if page.resources:
                yield page.resources
            keys = [found for one in page.resources if (found := key_of(one)) is not None]
            is_full = not page.is_last or len(page.resources) >= count
            last = max(keys, default=None)
            if last is not None and (since is None or last > since + timedelta(milliseconds=1)):
                since, has_more = last, is_full
                count = PAGE_ROWS
                break
            has_more = is_full and page.is_last
        else:
            count *= 2
        if not has_more or count > MOST_ROWS:
            return


def last_updated(resource: Resource) -> datetime | None:
    """Return when it was written last, as its server says."""
    meta = resource.get("meta")
    return moment_of(meta.get("lastUpdated")) if isinstance(meta, Mapping) else None


def start(resource: Resource) -> datetime | None:
    """Return when a booking begins."""
    return moment_of(resource.get("start"))


def instant(at: datetime) -> str:
    """Return a moment as a search takes it: UTC, to the millisecond, never later than it is."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
