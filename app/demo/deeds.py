"""What the people of the play do: each deed is one command of the journey, by whoever may give it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from uuid import UUID

from app.core.actor import Actor
from app.core.errors import TransitionRefusedError
from app.demo import errands, rates
from app.demo.catalogue import DAY_CASHIER, DAY_DESK, DOCTORS, DRIVERS, ENTRANCES
from app.demo.scene import Cast, Deed, Line, Move
from app.journey import services as journey
from app.journey.queries import UnderWay
from app.journey.services import Outcome
from app.journey.services.calling import OVERTAKING
from app.journey.services.care import IDENTITY, SHORT_SERVICE
from app.queues import services as queues
from app.queues.states import EntryStatus, PointStatus, PriorityClass

OVERTAKING_REASON = "시연용으로 예약된 환자의 순서는 그대로 둠"
DIRECT_REASON = "진료실 앞에서 바로 입실"
ASIDE_REASONS = ("화장실", "화장실", "식사", "전화 통화")
STAFF_ASIDE_REASONS = ("혈압 재측정 후 진행", "보호자 도착 대기")
PAUSE_REASONS = {
    "xray": "추가 촬영 판독 대기",
    "ultrasound": "조영제 주입 후 대기",
    "blood": "어지러움으로 잠시 휴식",
}
PREFERRED_REASONS = ("75세 이상 어르신", "임신부", "휠체어 이용", "영유아 동반")
URGENT_REASONS = ("흉통 호소", "호흡 곤란", "고열")
SKIP_REASONS = ("보호자를 기다림", "검사 결과 확인 중", "옷을 갈아입는 중")
CANCEL_REASONS = ("개인 사정", "다른 날 다시 예약", "다른 병원 진료")
TELEPHONE_REASONS = ("전화로 예약 취소", "전화로 날짜 변경")
LEAVE_REASONS = ("오래 기다려 귀가", "일정이 있어 귀가")
GONE_REASON = "호출에 응답이 없어 귀가로 처리"
TRANSFER_REASON = "대기 인원 분산"
TRANSFER_OUT_REASON = "응급실로 이송"
WAIVE_REASON = "검사 결과 정상으로 진료 생략"
BREAK_REASONS = ("장비 점검", "교대 시간", "응급 환자 처치", "검사실 소독")


def make(move: Move, cast: Cast, luck: Random) -> Outcome | None:
    """Make one move; return what a visit's command answers. Raise what the services refuse."""
    if move.visit is not None:
        return DEEDS[move.deed](move, move.visit, cast, luck)
    _change_room(move, cast, luck)
    return None


def take_back(outcome: Outcome, *, by: Actor) -> None:
    """Undo what somebody has just done by mistake."""
    journey.undo(outcome.visit_id, version=outcome.visit_version, by=by)


def staff_of(move: Move, cast: Cast) -> Actor:
    """Return who drives the line of a move."""
    return _driver(_line(move), cast)


def _arrive(_move: Move, visit: UnderWay, cast: Cast, luck: Random) -> Outcome:
    return journey.arrive(visit.visit_id, place=luck.choice(ENTRANCES), by=cast[DAY_DESK])


def _register(_move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> Outcome:
    return journey.register(visit.visit_id, version=visit.version, by=cast[DAY_DESK])


def _join(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> Outcome:
    """Join the one line there is; where several offer the service, staff take the first of those given."""
    try:
        return journey.join(visit.visit_id, by=cast[DAY_DESK])
    except TransitionRefusedError:
        if not move.to:
            raise
    line = move.to[0]
    return journey.join(visit.visit_id, queue_id=line.id, by=_driver(line, cast))


def _call(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> Outcome:
    """Call by name and version, never "the next": that one could be a reserved patient."""
    passes = move.overtakes_reserved
    return journey.call_patient(
        _entry(visit),
        _room(move),
        version=visit.entry_version,
        confirm=frozenset({OVERTAKING}) if passes else frozenset(),
        reason=OVERTAKING_REASON if passes else None,
        by=staff_of(move, cast),
    )


def _start_direct(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> Outcome:
    passes = move.overtakes_reserved
    return journey.start_direct(
        _entry(visit),
        _room(move),
        version=visit.entry_version,
        reason=OVERTAKING_REASON if passes else DIRECT_REASON,
        confirm=frozenset({IDENTITY, OVERTAKING}) if passes else frozenset({IDENTITY}),
        by=staff_of(move, cast),
    )


def _recall(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> Outcome:
    return journey.recall(_entry(visit), version=visit.entry_version, by=staff_of(move, cast))


def _uncall(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> Outcome:
    return journey.uncall(_entry(visit), version=visit.entry_version, by=staff_of(move, cast))


def _miss(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> Outcome:
    return journey.miss(_entry(visit), version=visit.entry_version, by=staff_of(move, cast))


def _re_enter(move: Move, visit: UnderWay, cast: Cast, luck: Random) -> Outcome:
    by = _patient_or(move, visit, cast, luck)
    return journey.re_enter(_entry(visit), version=visit.entry_version, by=by)


def _start(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> Outcome:
    confirm, by = frozenset({IDENTITY}), staff_of(move, cast)
    return journey.start(_entry(visit), version=visit.entry_version, confirm=confirm, by=by)


def _pause(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> Outcome:
    return journey.pause(
        _entry(visit),
        version=visit.entry_version,
        reason=PAUSE_REASONS[_line(move).service],
        until=move.until,
        by=staff_of(move, cast),
    )


def _complete(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> Outcome:
    confirm, by = frozenset({SHORT_SERVICE}), staff_of(move, cast)
    return journey.complete(_entry(visit), version=visit.entry_version, confirm=confirm, by=by)


def _hold(move: Move, visit: UnderWay, cast: Cast, luck: Random) -> Outcome:
    by = _patient_or(move, visit, cast, luck)
    reason = luck.choice(ASIDE_REASONS if by.kind == "patient" else STAFF_ASIDE_REASONS)
    return journey.hold(_entry(visit), version=visit.entry_version, reason=reason, until=move.until, by=by)


def _resume(move: Move, visit: UnderWay, cast: Cast, luck: Random) -> Outcome:
    by = _patient_or(move, visit, cast, luck)
    return journey.resume(_entry(visit), version=visit.entry_version, by=by)


def _skip_once(move: Move, visit: UnderWay, cast: Cast, luck: Random) -> Outcome:
    reason, by = luck.choice(SKIP_REASONS), staff_of(move, cast)
    return journey.skip_once(_entry(visit), version=visit.entry_version, reason=reason, by=by)


def _prioritise(move: Move, visit: UnderWay, cast: Cast, luck: Random) -> Outcome:
    is_urgent = luck.random() < rates.URGENT_SHARE
    return journey.prioritise(
        _entry(visit),
        priority=PriorityClass.URGENT if is_urgent else PriorityClass.PREFERRED,
        version=visit.entry_version,
        reason=luck.choice(URGENT_REASONS if is_urgent else PREFERRED_REASONS),
        by=staff_of(move, cast),
    )


def _transfer(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> Outcome:
    return journey.transfer(
        _entry(visit),
        version=visit.entry_version,
        queue_id=move.to[0].id,
        reason=TRANSFER_REASON,
        by=staff_of(move, cast),
    )


def _add_step(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> Outcome:
    return journey.add_step(
        visit.visit_id, service=move.services[0], version=visit.version, by=cast[DOCTORS[_line(move).code]]
    )


def _order(move: Move, visit: UnderWay, cast: Cast, luck: Random) -> None:
    errands.order(visit.visit_id, _line(move), cast, luck)


def _waive(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> Outcome:
    by = cast[DOCTORS[_line(move).code]]
    return journey.waive(visit.visit_id, version=visit.version, reason=WAIVE_REASON, by=by)


def _cancel(move: Move, visit: UnderWay, cast: Cast, luck: Random) -> Outcome:
    """Call the visit off: who is in the house on the own phone, who is at home by telephone."""
    if move.line is None:
        reason, by = luck.choice(TELEPHONE_REASONS), cast[DAY_DESK]
    else:
        reason, by = luck.choice(CANCEL_REASONS), _patient(visit)
    return journey.cancel(visit.visit_id, version=visit.version, reason=reason, by=by)


def _leave(move: Move, visit: UnderWay, cast: Cast, luck: Random) -> Outcome:
    has_gone = visit.entry_status == EntryStatus.NO_SHOW
    by = staff_of(move, cast) if has_gone else _patient_or(move, visit, cast, luck)
    reason = GONE_REASON if has_gone else luck.choice(LEAVE_REASONS)
    return journey.leave(visit.visit_id, version=visit.version, reason=reason, by=by)


def _transfer_out(move: Move, visit: UnderWay, cast: Cast, _luck: Random) -> Outcome:
    by = staff_of(move, cast)
    return journey.transfer_out(visit.visit_id, version=visit.version, reason=TRANSFER_OUT_REASON, by=by)


def _pay(_move: Move, visit: UnderWay, cast: Cast, luck: Random) -> Outcome:
    """Settle what is due once the nurses have ticked what they did by hand; few put it off."""
    amount = errands.finish_by_hand(visit.visit_id, cast)
    method = luck.choices(("card", "cash", "deferred"), rates.PAYING)[0]
    return journey.pay(
        visit.visit_id, version=visit.version, method=method, amount=amount, by=cast[DAY_CASHIER]
    )


def _change_room(move: Move, cast: Cast, luck: Random) -> None:
    """Leave a room for a while, or come back to it."""
    if move.room is None:
        raise LookupError("a deed without a visit is done to a room")
    is_pause = move.deed is Deed.PAUSE_ROOM
    queues.set_point_status(
        move.room.id,
        status=PointStatus.PAUSED if is_pause else PointStatus.OPEN,
        version=move.room.version,
        reason=luck.choice(BREAK_REASONS) if is_pause else None,
        until=_until(move) if is_pause else None,
        by=staff_of(move, cast),
    )


def _entry(visit: UnderWay) -> UUID:
    if visit.entry_id is None:
        raise LookupError("a deed in a line is done to somebody who waits there")
    return visit.entry_id


def _room(move: Move) -> UUID:
    if move.room is None:
        raise LookupError("whoever is called is called into a room")
    return move.room.id


def _line(move: Move) -> Line:
    if move.line is None:
        raise LookupError("a move in a room names its line")
    return move.line


def _until(move: Move) -> datetime:
    if move.until is None:
        raise LookupError("a room of the play is paused for a time")
    return move.until


def _driver(line: Line, cast: Cast) -> Actor:
    return cast[DRIVERS[line.code]]


def _patient(visit: UnderWay) -> Actor:
    """Return the patient with the phone on which the simple log-in has opened this visit."""
    return Actor(kind="patient", role="patient", id=visit.visit_id, visit_id=visit.visit_id)


def _patient_or(move: Move, visit: UnderWay, cast: Cast, luck: Random) -> Actor:
    return _patient(visit) if luck.random() < rates.OWN_SHARE else staff_of(move, cast)


DEEDS: Mapping[Deed, Callable[[Move, UnderWay, Cast, Random], Outcome | None]] = {
    Deed.ARRIVE: _arrive,
    Deed.REGISTER: _register,
    Deed.JOIN: _join,
    Deed.CALL: _call,
    Deed.START_DIRECT: _start_direct,
    Deed.RECALL: _recall,
    Deed.UNCALL: _uncall,
    Deed.MISS: _miss,
    Deed.RE_ENTER: _re_enter,
    Deed.START: _start,
    Deed.PAUSE: _pause,
    Deed.COMPLETE: _complete,
    Deed.HOLD: _hold,
    Deed.RESUME: _resume,
    Deed.SKIP_ONCE: _skip_once,
    Deed.PRIORITISE: _prioritise,
    Deed.TRANSFER: _transfer,
    Deed.ADD_STEP: _add_step,
    Deed.ORDER: _order,
    Deed.WAIVE: _waive,
    Deed.CANCEL: _cancel,
    Deed.LEAVE: _leave,
    Deed.TRANSFER_OUT: _transfer_out,
    Deed.PAY: _pay,
}
OF_ROOMS = frozenset({Deed.OPEN_ROOM, Deed.PAUSE_ROOM})
