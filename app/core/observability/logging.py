"""Logs: JSON lines with a fixed list of fields; whatever is not on it never leaves the process."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

FIELDS = frozenset(
    {
        "event", "level", "timestamp", "logger", "request_id", "route", "method", "status", "duration_ms",
        "error", "error_type", "exception", "event_type", "job", "attempt", "wait_seconds", "topic", "seq",
        "kind", "queue_id", "visit_id", "entry_id", "call_id", "command", "code", "count", "process", "duty",
        "limit", "reason", "signal", "port", "sockets", "target", "unmatched", "deed",
    }
)  # fmt: skip
DROPPED = "dropped_fields"
PROCESSORS: list[structlog.types.Processor] = []


def only_known(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not on the list, and say how many: a name must not slip in by a new field."""
    known = {key: value for key, value in event.items() if key in FIELDS}
    if len(known) < len(event):
        known[DROPPED] = len(event) - len(known)
    return known


def configure(level: str) -> None:
    """Send all logs, the libraries' too, as JSON lines to standard error."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    # One list for the life of the process, as loggers keep the one that they began with.
    PROCESSORS[:] = [
        structlog.stdlib.filter_by_level,  # first: what nobody will read is not made
        *shared,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ]
    structlog.configure(
        processors=PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                only_known,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("werkzeug").setLevel("WARNING")
