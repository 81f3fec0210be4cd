"""A topic's feed: each state is rendered once per audience, framed once, and offered to whoever is behind."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from app.live import frames, messages, metrics
from app.live.connection import UNKNOWN, Connection
from app.live.source import Source

LONGEST_FRAGMENT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Framed:
    """A state on its way to the wire."""

    seq: int
    frame: bytes


@dataclass(eq=False, slots=True)
class Feed:
    """One topic: who follows it, how far it is known to have moved, and the newest frame of each audience."""

    topic: str
    seq: int = UNKNOWN
    is_failing: bool = False
    not_before: float = 0.0
    members: set[Connection] = field(default_factory=set)
    _states: dict[str, Framed] = field(default_factory=dict)

    def leave(self, connection: Connection) -> None:
        """Let a reader go, and the frame of an audience that nobody belongs to any more."""
        self.members.discard(connection)
        wanted = {member.audience(self.topic) for member in self.members}
        for audience in [one for one in self._states if one not in wanted]:
            self._states.pop(audience, None)

    def learn(self, seq: int) -> None:
        """Take note of a committed seq; a jump shows that a notice was lost."""
        if self.seq != UNKNOWN and seq > self.seq + 1:
            metrics.gaps.inc()
        self.seq = max(self.seq, seq)

    def correct(self, seq: int) -> None:
        """Believe the database: a topic that moved in silence is healed, a notice that lied is forgotten."""
        if self.seq not in (UNKNOWN, seq):
            metrics.healed.inc()
        self.seq = seq

    def receive(self, arrivals: Collection[Connection], seq: int) -> None:
        """Take a fresh look for arrivals; one that is ahead knows another database, and begins anew."""
        self.seq = max(self.seq, seq)
        for ahead in (one for one in arrivals if one.seen(self.topic) > self.seq):
            ahead.rewind(self.topic)

    def deliver(self, source: Source, members: Collection[Connection]) -> None:
        """Bring those who are behind up to the known seq, at one render per audience, not per reader."""
        behind = [member for member in members if member.is_behind(self.topic, self.seq)]
        self.is_failing = bool(
            behind
        )  # until it has gone well: nobody is told "live" over a fragment that fails
        self._deliver_states(source, (one for one in behind if one.kind == "html" or one.is_covered))
        self._deliver_events(source, (one for one in behind if one.kind == "json" and not one.is_covered))
        self.is_failing = False

    def _deliver_states(self, source: Source, members: Iterable[Connection]) -> None:
        for member in members:
            state = self._state(source, member.audience(self.topic))
            member.offer_state(self.topic, state.seq, state.frame)

    def _deliver_events(self, source: Source, members: Iterable[Connection]) -> None:
        by_seen: dict[int, list[Connection]] = defaultdict(list)
        for member in members:
            by_seen[member.seen(self.topic)].append(member)
        for seen, group in by_seen.items():
            events = self._events_since(source, seen)
            if events is None:
                self._deliver_states(source, group)
                continue
            for event in events:
                for member in group:
                    member.offer_event(self.topic, event.seq, event.frame)

    def _events_since(self, source: Source, seen: int) -> list[Framed] | None:
        """Return what follows, or None unless it leads without gap to what is known."""
        if seen == UNKNOWN:
            return None
        events = source.events(self.topic, seen)
        if events is None or [seq for seq, _ in events] != list(range(seen + 1, seen + 1 + len(events))):
            return None
        if seen + len(events) < self.seq:
            return None
        return [Framed(seq, frames.text(text)) for seq, text in events]

    def _state(self, source: Source, audience: str) -> Framed:
        known = self._states.get(audience)
        if known is not None and known.seq >= self.seq:
            return known
        rendered = source.render(self.topic, audience)
        frame = frames.text(rendered.text)
        if len(frame) > LONGEST_FRAGMENT_BYTES:
            frame = frames.text(messages.reload(self.topic, rendered.seq))
        state = self._states[audience] = Framed(rendered.seq, frame)
        self.seq = max(self.seq, rendered.seq)
        return state
