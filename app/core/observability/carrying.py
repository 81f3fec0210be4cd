"""Carrying: what whoever delivers has counted is added up in Redis, as a worker's fork dies with its job.

A Redis that was emptied begins at nought, which Prometheus takes for a restart. Without Redis each process tells
its own.
"""

import json
import os
import threading
from collections.abc import Iterable
from typing import Final

from prometheus_client import Metric

from app import settings
from app.core import redis
from app.core.observability.metrics import SENDING

KEY: Final = f"{redis.CHANNEL_PREFIX}counts"
SUFFIXES: Final = ("_total", "_bucket", "_sum", "_count")

_lock = threading.Lock()
_carried: dict[str, float] = {}  # what this process has brought there already


def carry() -> bool:
    """Add what this process has counted since it last did to the house's; False where Redis is away."""
    if not settings.current().redis_url:
        return False
    with _lock:
        counted = _counted()
        fresh = {
            name: value - _carried.get(name, 0.0)
            for name, value in counted.items()
            if value != _carried.get(name)
        }
        if not fresh:
            return True
        connection = redis.client(timeout_seconds=0.5)
        try:
            with connection.pipeline() as pipeline:
                for name, more in fresh.items():
                    pipeline.hincrbyfloat(KEY, name, more)
                pipeline.execute()
        except redis.AWAY:
            return False
        finally:
            connection.close()
        _carried.update(counted)
        return True


class Carried:
    """The house's counts, for a page: of all processes where Redis is there, else of this one."""

    def collect(self) -> Iterable[Metric]:
        """Return each family with the samples that were carried."""
        values = _of_the_house() if carry() else None
        counted = _counted() if values is None else values
        found: dict[str, list[tuple[str, dict[str, str], float]]] = {}
        for name, value in counted.items():
            sample, labels = json.loads(name)
            found.setdefault(_family(sample), []).append((sample, dict(labels), value))
        for family in SENDING.collect():
            told = Metric(family.name, family.documentation, family.type)
            for sample, labels, value in sorted(found.get(family.name, ()), key=_order):
                told.add_sample(sample, labels, value)
            yield told


def _of_the_house() -> dict[str, float] | None:
    connection = redis.client(timeout_seconds=0.5)
    try:
        stored = connection.hgetall(KEY)
    except redis.AWAY:
        return None
    finally:
        connection.close()
    return {_text(name): float(value) for name, value in stored.items()}


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name


def _counted() -> dict[str, float]:
    return {
        json.dumps([sample.name, sorted(sample.labels.items())]): sample.value
        for family in SENDING.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def _family(sample: str) -> str:
    return next((sample.removesuffix(one) for one in SUFFIXES if sample.endswith(one)), sample)


def _order(one: tuple[str, dict[str, str], float]) -> tuple[str, list[tuple[str, str]], float]:
    """Buckets stand by size below their labels, as Prometheus' own page has them."""
    sample, labels, _value = one
    others = sorted((name, value) for name, value in labels.items() if name != "le")
    return sample, others, float(labels.get("le", "0"))


def _begin_anew() -> None:
    """Let a fork carry only what it counts itself: what stood there at the fork is its parent's to carry."""
    _carried.clear()
    _carried.update(_counted())


os.register_at_fork(after_in_child=_begin_anew)
