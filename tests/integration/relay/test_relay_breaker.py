"""A target that is down: nobody loses a life, it is left alone, and one worker tries again with one bundle."""

import threading
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from app.core import clock, relay
from app.core.relay import Consumer, Delivered, Outcome, Parcel, Rendered, Skipped, TargetDownError
from app.core.relay.claiming import claim
from tests.hospital import Hospital
from tests.integration.relay.stage import Target, consumer, move, rows
from tests.together import together


class Switch:
    """A target with a switch."""

    def __init__(self) -> None:
        self.is_down = True
        self.error = TargetDownError("HTTP 503")

    def answer(self, _parcel: Parcel) -> Outcome:
        """Answer, or be away."""
        if self.is_down:
            raise self.error
        return Delivered()


def promised(hospital: Hospital, *, times: int = 4) -> None:
    for _ in range(times):
        for queue in (hospital.consult, hospital.lab, hospital.elsewhere):
            move(queue)


def breaker_of(mine: Consumer) -> str:
    return next(one.breaker for one in relay.status() if one.consumer == mine.name)


def down_until_open(mine: Consumer) -> None:
    """Let it fail as often as it takes."""
    start = clock.utcnow()
    for turn in range(10):
        with time_machine.travel(start + timedelta(seconds=turn * 3)):
            relay.deliver_due(mine)
            if breaker_of(mine) == "open":
                return
    raise AssertionError("it never opened")


def test_an_outage_costs_no_promise_a_life_and_drains_afterwards(app: Flask, hospital: Hospital) -> None:
    switch = Switch()
    target = Target(answer=switch.answer)
    mine = consumer(target)
    promised(hospital)
    start = clock.utcnow()
    for minute in range(121):
        with time_machine.travel(start + timedelta(minutes=minute)):
            relay.deliver_due(mine)
    assert {(row.status, row.attempts) for row in rows()} == {("pending", 0)}
    # 5 to open, then a probe per pause (30 s … 5 min): a minute's clock meets about one in five minutes.
    assert 5 < target.requests < 45
    switch.is_down = False
    with time_machine.travel(start + timedelta(minutes=130)):
        relay.deliver_due(mine)
        assert breaker_of(mine) == "closed"
    assert {row.outcome for row in rows()} == {"delivered"}


def test_five_failures_open_it_and_then_nothing_is_claimed(app: Flask, hospital: Hospital) -> None:
    switch = Switch()
    target = Target(answer=switch.answer)
    mine = consumer(target)
    promised(hospital)
    down_until_open(mine)
    assert target.requests == 5
    with time_machine.travel(clock.utcnow() + timedelta(seconds=25)):
        assert claim(mine) is None
    (found,) = relay.status()
    assert found.breaker_error == "HTTP 503"


def test_a_wrong_key_opens_it_at_the_first_answer(app: Flask, hospital: Hospital) -> None:
    switch = Switch()
    switch.error = TargetDownError("HTTP 401", opens=True)
    target = Target(answer=switch.answer)
    mine = consumer(target)
    promised(hospital)
    relay.deliver_due(mine)
    assert (target.requests, breaker_of(mine)) == (1, "open")


@pytest.mark.parametrize("recovers", [True, False])
def test_half_open_sends_one_request_however_many_workers_there_are(
    app: Flask, hospital: Hospital, *, recovers: bool
) -> None:
    switch = Switch()
    asked, mine_may_answer = threading.Event(), threading.Event()
    target = Target()

    def answer(parcel: Parcel) -> Outcome:
        if switch.is_down:
            raise switch.error
        if not mine_may_answer.is_set():
            asked.set()
            mine_may_answer.wait(30)
            if not recovers:
                raise switch.error
        return Delivered()

    target.answer = answer
    mine = consumer(target)
    promised(hospital)
    down_until_open(mine)
    switch.is_down, target.requests = False, 0
    others_done = threading.Semaphore(0)

    def work() -> int:
        done = relay.deliver_due(mine)
        others_done.release()
        return done

    def last() -> None:
        for _ in range(4):
            assert others_done.acquire(timeout=30)
        assert asked.wait(30)
        assert target.requests == 1  # four came home with empty hands while the fifth was being answered
        mine_may_answer.set()

    with time_machine.travel(clock.utcnow() + timedelta(minutes=2)):
        answers = together(app, [work, work, work, work, work, last])
        assert answers[5] is None
        assert breaker_of(mine) == ("closed" if recovers else "open")
    assert sorted(answers[:5])[:4] == [0, 0, 0, 0]
    assert max(answers[:5]) == (12 if recovers else 0)


def test_a_probe_whose_worker_died_is_given_to_another(app: Flask, hospital: Hospital) -> None:
    switch = Switch()
    mine = consumer(Target(answer=switch.answer))
    promised(hospital)
    down_until_open(mine)
    switch.is_down = False
    with time_machine.travel(clock.utcnow() + timedelta(seconds=60)):
        probe = claim(mine)  # and dies
        assert probe is not None
        assert len(probe.items) == 1
        assert claim(mine) is None
    with time_machine.travel(clock.utcnow() + timedelta(seconds=65 + mine.lease_seconds)):
        relay.reap([mine.name])
        relay.deliver_due(mine)
        assert breaker_of(mine) == "closed"
    assert {row.outcome for row in rows()} == {"delivered"}


def test_a_probe_with_nothing_to_send_is_given_back(app: Flask, hospital: Hospital) -> None:
    switch = Switch()
    gone: list[bool] = []

    def render(_kind: str, _id: object) -> Rendered | Skipped:
        return Skipped("gone") if gone else Rendered(payload="{}", seq=1)

    mine = consumer(Target(answer=switch.answer), render=render)
    promised(hospital, times=1)
    down_until_open(mine)
    gone.append(True)
    with time_machine.travel(clock.utcnow() + timedelta(seconds=60)):
        assert relay.deliver_due(mine) == 3
        assert breaker_of(mine) == "half-open"


def test_an_operator_may_try_at_once(app: Flask, hospital: Hospital) -> None:
    switch = Switch()
    mine = consumer(Target(answer=switch.answer))
    promised(hospital)
    down_until_open(mine)
    switch.is_down = False
    relay.hurry(mine.name)
    assert relay.deliver_due(mine) == 12
    assert breaker_of(mine) == "closed"
