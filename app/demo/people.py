"""People who never lived: the same seed gives the same ones, and no two share digits and birthday."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from random import Random

OLDEST, YOUNGEST = date(1931, 1, 1), date(2015, 12, 31)
# Hospitals see the old more often than the young: share of visits by decade of birth, 1930s first.
DECADES = (4, 12, 18, 20, 15, 11, 9, 7, 4)
DIGITS = 10_000
STRIDE = 3_163  # coprime with DIGITS / 2: neighbours get digits that do not look counted

# Surnames by their share among Koreans, in per cent; everybody else's come once.
COMMON = {"김": 21, "이": 15, "박": 8, "최": 5, "정": 5, "강": 2, "조": 2, "윤": 2, "장": 2, "임": 2}
RARE = "한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민나진지엄채원천방공현함변염여추도소석"
SURNAMES = tuple("".join(name * share for name, share in COMMON.items()) + RARE)
# Given names of three generations: a Gyeongsuk was seldom born after 1970, a Seojun never before 1990.
GIVEN = {
    1960: """영수 정수 종수 성호 영호 병철 상철 광수 정식 춘식 용석 기철 동수 덕수 만수
             영자 정자 순자 춘자 경자 옥순 영숙 정숙 순옥 명자 말순 금자 복순 옥희 영희""",
    1990: """성민 지훈 상훈 성훈 동현 준호 재현 태호 영진 승호 정훈 병훈 경수 민수 진우
             미경 은주 미숙 은정 지영 현정 수진 혜진 은영 미영 경희 정은 현주 지은 선영""",
    2016: """민준 서준 도윤 예준 시우 하준 지호 주원 지후 준우 현우 건우 우진 선우 유준
             서연 서윤 지우 서현 민서 하은 하윤 윤서 지유 지민 채원 수아 지아 다은 은서""",
}


class Kind(StrEnum):
    """Whom the demo needs: reserved people, and a town that fills the other queues."""

    RESERVED = "reserved"
    TOWN = "town"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody made up; `mrn` tells which one."""

    mrn: str
    name: str
    birth_date: date
    phone: str

    @property
    def last4(self) -> str:
        """Return what the simple log-in asks for."""
        return self.phone[-4:]


PREFIXES = {Kind.RESERVED: "DEMO-", Kind.TOWN: "TOWN-"}
TOWNSPEOPLE = DIGITS // 2
FIRST_TWIN = 9_001


def person(kind: Kind, number: int, seed: int) -> Person:
    """Return one person. Reserved people have even digits and the town odd ones, so that they never meet."""
    luck = Random(f"{seed}:{kind}:{number}")  # noqa: S311 - people of a play, no secret
    half = DIGITS // 2
    last4 = 2 * ((STRIDE * number + seed) % half) + (kind is Kind.TOWN)
    phone = f"010-{luck.randrange(2000, DIGITS)}-{last4:04}"
    born = _birthday(luck)
    return Person(f"{PREFIXES[kind]}{number + 1:05}", _name(luck, born), born, phone)


def twins(seed: int) -> tuple[Person, Person]:
    """Return two people with equal digits and birthday: the simple log-in must choose neither."""
    luck = Random(f"{seed}:twins")  # noqa: S311 - people of a play, no secret
    last4 = (2 * seed + 1) % DIGITS
    born = date(1968, 3, 14)
    one, other = (f"010-{middle}-{last4:04}" for middle in luck.sample(range(2000, DIGITS), 2))
    return (
        Person(f"TWIN-{FIRST_TWIN}", "이정호", born, one),
        Person(f"TWIN-{FIRST_TWIN + 1}", "박미란", born, other),
    )


def _birthday(luck: Random) -> date:
    decade = luck.choices(range(len(DECADES)), DECADES)[0]
    first = max(OLDEST, date(1930 + 10 * decade, 1, 1))
    last = min(YOUNGEST, date(1939 + 10 * decade, 12, 31))
    return first + timedelta(days=luck.randrange((last - first).days + 1))


def _name(luck: Random, born: date) -> str:
    given = next(names for until, names in GIVEN.items() if born.year < until)
    return luck.choice(SURNAMES) + luck.choice(given.split())
