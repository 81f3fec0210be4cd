"""How fast the simulated day goes and how often something comes between: every figure of the play in one place.

The day runs about eight times as fast as a hospital: each queue moves every few seconds. All durations in seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.demo.scene import Deed

# Lines stay between these: a board without a line is dull, a line without an end is no demo.
FEWEST, MOST = 3, 12
LEAST_WANTED, MOST_WANTED, WAVE_SECONDS = 5, 9, 600
FUTURE_ROOM = 3
BOOKINGS_AT_ONCE = 6
WALK_IN_SHARE = 0.35

SERVICE_SECONDS = {
    "internal": 70,
    "orthopaedics": 60,
    "blood": 45,
    "xray": 45,
    "ultrasound": 60,
    "ecg": 40,
}
SPREAD, SHORTEST, LONGEST = 0.4, 0.4, 2.5
WALK_SECONDS, SLOW_WALK_SECONDS, SLOW_SHARE, RECALL_AFTER_SECONDS = (4, 12), (20, 28), 0.1, 16
REGISTER_SECONDS = (3, 8)

# What people come for, and how often; the first service is the queue that lacks people.
PLANS: Mapping[str, Sequence[tuple[tuple[str, ...], int]]] = {
    "internal": (
        (("internal",), 4),
        (("internal", "blood"), 2),
        (("internal", "xray"), 1),
        (("internal", "blood", "ecg"), 1),
        (("internal", "blood", "xray"), 1),
        (("internal", "ultrasound"), 1),
    ),
    "orthopaedics": ((("orthopaedics",), 4), (("orthopaedics", "xray"), 1), (("orthopaedics", "blood"), 1)),
    "blood": (
        (("blood",), 1),
        (("blood", "internal"), 2),
        (("blood", "xray", "internal"), 1),
        (("blood", "ultrasound", "internal"), 1),
    ),
    "xray": ((("xray",), 1), (("xray", "orthopaedics"), 4), (("xray", "blood", "ecg"), 1)),
    "ultrasound": ((("ultrasound",), 2), (("ultrasound", "internal"), 1)),
    "ecg": ((("ecg",), 2), (("ecg", "internal"), 1)),
}

# What is only a question of time: on average after so long.
MEAN_SECONDS: Mapping[Deed, float] = {
    Deed.ARRIVE: 6,
    Deed.CALL: 3,
    Deed.PAY: 10,
    Deed.JOIN: 8,  # staff choose the line where two offer the service
    Deed.CANCEL: 10,  # of those booked who will not come: by telephone
    Deed.RE_ENTER: 40,  # of those who missed their call and are in the house
    Deed.LEAVE: 150,  # of those who missed their call and went home
    Deed.ADD_STEP: 900,  # of those with a doctor
    Deed.ORDER: 220,  # of those with a doctor: about every third patient
    Deed.SKIP_ONCE: 400,  # of those who are next
    Deed.TRANSFER: 15,  # while one line of a service is longer than another by TRANSFER_FROM
    Deed.PAUSE_ROOM: 240,  # a service's rooms, where another one stays open
}
TRANSFER_FROM = 2


@dataclass(frozen=True, slots=True)
class Detour:
    """Something that so many of a hundred do, once, so long after they joined, were called or were let in."""

    share: float
    after: tuple[float, float]


# The deed happens only if the patient still stands there by then, so the shares are those of people meant to.
CALLED: Mapping[Deed, Detour] = {
    Deed.MISS: Detour(0.04, (34, 45)),  # called twice by then
    Deed.UNCALL: Detour(0.02, (1, 4)),
}
WAITING: Mapping[Deed, Detour] = {
    Deed.PRIORITISE: Detour(0.06, (5, 40)),
    Deed.HOLD: Detour(0.1, (5, 90)),
    Deed.CANCEL: Detour(0.015, (15, 90)),
    Deed.LEAVE: Detour(0.025, (40, 120)),
    Deed.WAIVE: Detour(0.02, (10, 90)),
    Deed.TRANSFER_OUT: Detour(0.006, (10, 90)),
}
IN_THE_ROOM: Mapping[Deed, Detour] = {
    Deed.PAUSE: Detour(0.12, (8, 20)),
}
# A detour that nobody made within so long is not made at all.
WINDOW_SECONDS = 15

NO_SHOW_SHARE = 0.03  # of those booked; they call, and the booking is cancelled
COMES_BACK_SHARE = 0.85  # of those who missed their call
URGENT_SHARE = 0.15  # of those who are given priority
START_DIRECT_SHARE = 0.02  # of calls
MISTAKE_SHARE = 0.02  # of what staff do, taken back some seconds later
MISTAKE_SECONDS = (2, 6)
OWN_SHARE = 0.7  # of what patients may do on their own phone, the others ask the staff

PAYING = (80, 18, 2)  # by card, in cash, put off
# Between two looks of the pharmacy at what waits, and how long an order lies there at least.
HAND_OUT_EVERY_SECONDS, HAND_OUT_AFTER, FILL_EVERY = (8, 14), timedelta(seconds=40), timedelta(minutes=5)

ASIDE_SECONDS = (45, 120)  # on the way to the restroom, or until the contrast medium works
BACK_EARLY_SHARE, BACK_EARLY_SECONDS = 0.6, (10, 30)  # the others are brought back by the clock
BREAK_SECONDS = (60, 150)  # of a room; opened early as above, or by the clock
# Where the clock does not do it, the play does.
WITHOUT_CLOCK_SECONDS = 20
