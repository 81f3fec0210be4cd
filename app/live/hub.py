"""The hub, one per process: it learns what moved and brings whoever is behind up to the database's truth."""

import _thread
import random
import threading
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import structlog

from app.core import clock
from app.live import frames, messages, metrics
from app.live.connection import GOODBYE_SECONDS, UNKNOWN, Connection
from app.live.drain import Drain
from app.live.feed import Feed
from app.live.limits import Limits
from app.live.listener import Listener, Subscribe
from app.live.messages import LINE_PREFIX, Close, Notice
from app.live.roster import Roster
from app.live.source import Source

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often the hub does what, in seconds."""

    heal: float = 1.5  # a tick of 2 s cannot keep "within 2 s"
    line: float = 1.0  # a queue's waiting phones are many
    ping: float = 20.0
    dead: float = 50.0
    stall: float = 10.0
    spread: float = 0.5  # processes that lost the same Redis do not ask the database at one moment


@dataclass(frozen=True, slots=True)
class Move:
    """A notice in waiting: how far, and since when."""

    seq: int
    heard_at: float

    def with_seq(self, seq: int) -> "Move":
        """Return it at the later of both seqs, waiting since the first."""
        return Move(max(self.seq, seq), self.heard_at)


class Hub:
    """Threads: the round (database, renders, offers), the drain (slow readers), the ear (Redis).

    Each connection remembers which seq of a topic it was offered; each feed knows the newest. Joining,
    resuming, a lost notice, an overflow and a lost Redis are therefore one case: somebody is behind.
    """

    def __init__(
        self,
        source: Source,
        *,
        context: Callable[[], AbstractContextManager[object]] = nullcontext,
        subscribe: Subscribe | None = None,
        limits: Limits | None = None,
        rhythm: Rhythm | None = None,
    ) -> None:
        self.source, self._context, self._rhythm = source, context, rhythm or Rhythm()
        self._roster = Roster(limits or Limits())
        self._drain = Drain(stall_seconds=self._rhythm.stall, on_recovered=self._refresh)
        self._listener = Listener(subscribe, on_notice=self.hear, on_gap=self.suspect) if subscribe else None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._moved: dict[str, Move] = {}
        self._is_started = self._must_check_sessions = False
        self._next_check = 0.0
        self._next_ping = clock.monotonic() + self._rhythm.ping

    # What routes do

    def join(self, connection: Connection) -> None:
        """Take a reader in, paused; the next round sends it the present. Raise NotAdmittedError."""
        self._roster.add(connection, on_busy=self._drain.add)
        self._start()
        self._wake.set()

    def leave(self, connection: Connection) -> None:
        """Let a reader go."""
        self._drain.forget(connection)
        self._roster.remove(connection)

    def resume(self, connection: Connection, topic: str, after_seq: int) -> None:
        """Send a reader again what came after a seq."""
        if topic in connection.topics:
            connection.rewind(topic, after_seq)
            self._refresh(connection)

    # What publishers do

    def notify(self, topic: str, seq: int) -> None:
        """Hear that a topic moved; the publisher's own process needs no Redis for this."""
        if self._roster.feed(topic) is None:
            return
        with self._lock:
            known = self._moved.get(topic)
            self._moved[topic] = Move(seq, clock.monotonic()) if known is None else known.with_seq(seq)
        self._wake.set()

    def check_sessions(self) -> None:
        """Close the sockets of ended sessions and cover those of locked screens now, not at the next check."""
        self._must_check_sessions = True
        self._wake.set()

    def hear(self, line: str) -> None:
        """Take a line from the channel."""
        notice = Notice.parse(line)
        if notice is None:
            log.warning("live_notice_unreadable")
        elif notice.is_revocation:
            self.check_sessions()
        else:
            self.notify(notice.topic, notice.seq)

    def suspect(self) -> None:
        """Distrust everything known: notices may have been missed."""
        soon = clock.monotonic() + random.uniform(0, self._rhythm.spread)  # noqa: S311 - spreads, guards nothing
        self._next_check = min(self._next_check, soon)
        self._wake.set()

    def goodbye(self, code: Close = Close.RESTART) -> None:
        """Close every socket and take no more; safe in a signal handler.

        `Thread.start()` waits for its thread, which gevent refuses in a handler: 499 of 500 sockets got 1006.
        """
        self._roster.close()
        _thread.start_new_thread(self._say_goodbye, (code,))

    def _say_goodbye(self, code: Close) -> None:
        for connection in self._roster.everyone():
            connection.close(code, "restart")
        clock.pause(GOODBYE_SECONDS)
        for connection in self._roster.everyone():
            connection.kill()

    def _refresh(self, connection: Connection) -> None:
        self._roster.announce({connection})
        self._wake.set()

    # The round: the only thread that reads, renders and offers

    def _start(self) -> None:
        with self._lock:
            if self._is_started:
                return
            self._is_started = True
        for run, name in ((self._run, "live-round"), (self._drain.run, "live-drain")):
            threading.Thread(target=run, daemon=True, name=name).start()
        if self._listener:
            threading.Thread(target=self._listener.run, daemon=True, name="live-ear").start()

    def _run(self) -> None:
        while True:
            self._wake.wait(self._seconds_left())
            self._wake.clear()
            try:
                with self._context():
                    try:
                        self._round()
                    finally:
                        self.source.release()
            except Exception:
                metrics.failed.inc()
                log.exception(
                    "live_round_failed"
                )  # no heartbeat follows: the pages will say that they are stale
                self._next_check = clock.monotonic() + self._rhythm.heal

    def _seconds_left(self) -> float:
        with self._lock:
            moved = list(self._moved)
        waiting = [feed.not_before for topic in moved if (feed := self._roster.feed(topic))]
        return max(0.0, min([self._next_check, self._next_ping, *waiting]) - clock.monotonic())

    def _round(self) -> None:
        """Do what is due; all that is taken here was committed before the round's first read."""
        now = clock.monotonic()
        moved, arrivals = self._take_moved(now), self._roster.take_arrivals()
        if now >= self._next_ping:
            self._next_ping = now + self._rhythm.ping
            self._ping()
        if self._must_check_sessions:
            self._must_check_sessions = False
            self._look_at_sessions()
        for feed, move in moved:
            feed.learn(move.seq)
            self._deliver(feed)
            metrics.publish_to_send.observe(clock.monotonic() - move.heard_at)
        if arrivals:
            self._welcome(arrivals)
        if now >= self._next_check:
            self._next_check = now + self._rhythm.heal
            self._check()

    def _take_moved(self, now: float) -> list[tuple[Feed, Move]]:
        """Take the feeds whose time has come; a line's comes once a second."""
        due = []
        with self._lock:
            for topic, move in list(self._moved.items()):
                feed = self._roster.feed(topic)
                if feed is None or feed.not_before <= now:
                    del self._moved[topic]
                if feed is not None and feed.not_before <= now:
                    due.append((feed, move))
        return due

    def _check(self) -> None:
        """Ask the database once for all that is followed here and all who follow; only then say "live"."""
        everyone = self._roster.everyone()
        if not everyone:
            return
        feeds = self._roster.feeds()
        seqs = self.source.seqs([feed.topic for feed in feeds])
        self._look_at_sessions()
        for feed in feeds:
            feed.correct(seqs.get(feed.topic, feed.seq))
            self._deliver(feed)
        self._beat(everyone)
        for connection in everyone:
            if connection.has_outstayed():
                connection.kill()

    def _welcome(self, arrivals: set[Connection]) -> None:
        """Send arrivals what they lack of the present state, say "live", and open them."""
        try:
            seqs = self.source.seqs({topic for connection in arrivals for topic in connection.topics})
        except Exception:
            self._roster.announce(arrivals)
            raise
        for topic, seq in seqs.items():
            if feed := self._roster.feed(topic):
                members = [one for one in arrivals if topic in one.topics]
                feed.receive(members, seq)
                self._deliver_to(feed, members)
        for connection in arrivals:
            connection.open()
        self._beat(arrivals)

    def _deliver(self, feed: Feed) -> None:
        now = clock.monotonic()
        if feed.topic.startswith(LINE_PREFIX):
            if now < feed.not_before:
                with self._lock:
                    self._moved.setdefault(feed.topic, Move(feed.seq, now))
                return
            feed.not_before = now + self._rhythm.line
        self._deliver_to(feed, self._roster.members(feed))

    def _deliver_to(self, feed: Feed, members: Collection[Connection]) -> None:
        """Deliver; what fails is tried again at the next check and does not stop the other feeds."""
        try:
            feed.deliver(self.source, members)
        except Exception:
            metrics.failed.inc()
            log.exception("live_delivery_failed", topic=feed.topic)

    def _look_at_sessions(self) -> None:
        """Close whose session is over; show whose screen was covered or opened what it may see now."""
        everyone = self._roster.everyone()
        alive = self.source.alive({connection.session_key for connection in everyone})
        for connection in everyone:
            is_covered = alive.get(connection.session_key)
            if is_covered is None:
                connection.close(Close.POLICY, "signed out")
            elif connection.is_covered != is_covered:
                connection.cover(is_covered=is_covered)
                for feed in self._roster.feeds_of(connection):
                    self._deliver_to(feed, [connection])

    def _beat(self, connections: Collection[Connection]) -> None:
        """Tell pages that they are current; one over a failing fragment is told nothing and turns stale."""
        made: dict[tuple[str, ...], bytes] = {}
        for connection in connections:
            feeds = self._roster.feeds_of(connection)
            if any(feed.is_failing for feed in feeds):
                continue
            if connection.kind == "json" and len(feeds) == 1:
                seq = connection.seen(feeds[0].topic)
                # Keyed by seq: owed heartbeats stand behind the events they speak of.
                connection.offer(f"heartbeat#{seq}", frames.text(messages.pulse(feeds[0].topic, seq)))
                continue
            topics = tuple(connection.topics)
            if topics not in made:
                seqs = {feed.topic: feed.seq for feed in feeds if feed.seq != UNKNOWN}
                made[topics] = frames.text(messages.heartbeat(seqs))
            connection.offer("heartbeat", made[topics])

    def _ping(self) -> None:
        for connection in self._roster.everyone():
            if not connection.ping(dead_after_seconds=self._rhythm.dead):
                metrics.dropped.inc()
                connection.kill()
