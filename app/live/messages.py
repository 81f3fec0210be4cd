"""Words on the wire: notices between processes (ids only), and the JSON sockets carry besides fragments."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.clock import utcnow

SESSION = "session"
LINE_PREFIX = "line:"
LONGEST_NUMBER = 18  # a bigint; Python refuses to read thousands of digits


class Close(IntEnum):
    """Why a socket ends. 1012 and 1013 say "come back"; 1008 "signed out", or misbehaved."""

    UNSUPPORTED = 1003
    POLICY = 1008
    BROKEN = 1011
    RESTART = 1012
    FULL = 1013


@dataclass(frozen=True, slots=True)
class Notice:
    """A topic has moved: `topic|seq|kind|ids`. Never a name: Redis is not a place for patients' data."""

    topic: str
    seq: int
    kind: str = ""
    ids: tuple[str, ...] = ()

    @property
    def is_revocation(self) -> bool:
        """Whether some session has ended."""
        return self.topic == SESSION

    def wire(self) -> str:
        """Return the line that is published."""
        return f"{self.topic}|{self.seq}|{self.kind}|{','.join(self.ids)}"

    @classmethod
    def parse(cls, line: str) -> Self | None:
        """Read a published line; `session|anything` is a revocation. None for what is not ours."""
        topic, _, rest = line.partition("|")
        if topic == SESSION:
            return cls(SESSION, 0)
        seq, _, rest = rest.partition("|")
        if not topic or not _is_number(seq):
            return None
        kind, _, ids = rest.partition("|")
        return cls(topic, int(seq), kind, tuple(one for one in ids.split(",") if one))


class Resume(BaseModel):
    """A JSON client asks for what came after a seq that it has."""

    model_config = ConfigDict(frozen=True)

    type: Literal["resume"]
    after_seq: Annotated[int, Field(ge=0)]
    topic: str = ""

    @classmethod
    def parse(cls, message: str) -> Self | None:
        """Read it, or return None: the message is something else."""
        try:
            return cls.model_validate_json(message)
        except ValidationError:
            return None


def heartbeat(seqs: Mapping[str, int]) -> str:
    """Tell a page that its topics were just looked up."""
    return _json({"type": "heartbeat", "timestamp": _now(), "seq": dict(seqs)})


def pulse(topic: str, seq: int) -> str:
    """Tell a JSON client the same, in the shape of its events."""
    return _json({"type": "heartbeat", "timestamp": _now(), "seq": seq, "data": {"topic": topic}})


def reload(topic: str, seq: int) -> str:
    """Ask the client to fetch by GET what is too long to push."""
    return _json({"type": "reload", "topic": topic, "seq": seq})


def locked(topic: str) -> str:
    """Tell the client that its screen is locked: nothing of the topic comes until it is opened."""
    return _json({"type": "locked", "topic": topic})


def since(value: str) -> dict[str, int]:
    """Read `topic=seq,topic=seq` of a reconnecting page; what is not so is left out."""
    pairs = (part.rpartition("=") for part in value.split(","))
    return {topic: int(seq) for topic, _, seq in pairs if topic and _is_number(seq)}


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= LONGEST_NUMBER


def _now() -> str:
    return utcnow().isoformat(timespec="milliseconds")


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
