"""The stated rules of a queue, as an administrator types them: in minutes, under headings."""

import re
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    IntegerField,
    SelectField,
    ValidationError,
)
from wtforms.widgets import NumberInput

from app.queues.queries import Policy
from app.queues.rules import Rules, range_of
from app.queues.states import MergeRule
from app.web.admin.forms import NEEDED
from app.web.forms import Form

MERGE_WORDS = {
    MergeRule.ARRIVAL: _l("By arrival"),
    MergeRule.SLOT: _l("By the booked time"),
    MergeRule.HEAD_START: _l("By the booked time, with a head start"),
}
# The form's fields under their headings, as a ward thinks of them.
GROUPS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (
        _l("Calling"),
        (
            "calls_ahead",
            "max_calls",
            "call_expiry_seconds",
            "recall_gap_seconds",
            "least_service_seconds",
            "recalls_by_itself",
        ),
    ),
    (
        _l("Order"),
        (
            "merge_rule",
            "early_tolerance_seconds",
            "head_start_seconds",
            "grace_seconds",
            "ageing_seconds",
            "max_overtaken",
            "keeps_credit",
        ),
    ),
    (
        _l("Stepping out and coming back"),
        ("re_entry_places", "max_re_entries", "max_own_holds", "own_hold_seconds"),
    ),
    (
        _l("Check-in"),
        ("check_in_before_seconds", "check_in_after_seconds", "takes_walk_ins", "is_overnight"),
    ),
    (_l("Screens"), ("shows_masked_name",)),
)
NOT_RULES = frozenset({"version", "is_for_waiting"})


class MinutesField(Field):
    """A duration typed in minutes, with up to two decimals; its data are whole seconds."""

    widget = NumberInput(step="any", min=0)
    typed = re.compile(r"-?[0-9]{1,7}(?:[.,][0-9]{1,2})?")

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else minutes(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read minutes. Raise ValueError for what is none."""
        if not valuelist or not valuelist[0].strip():
            return
        self.data = None
        if not self.typed.fullmatch(valuelist[0].strip()):
            raise ValueError(self.gettext("Not a valid decimal value."))
        self.data = round(Decimal(valuelist[0].strip().replace(",", ".")) * 60)


def minutes(seconds: int) -> str:
    """Return seconds as minutes; two decimals tell whole seconds apart."""
    return f"{seconds / 60:.2f}".rstrip("0").rstrip(".")


def within_rules(form: Form, field: Field) -> None:  # noqa: ARG001 - WTForms hands it over
    """Refuse a rule that is out of range. Raise ValidationError, with the sentence."""
    least, most = range_of(field.name)
    if field.data is None:
        return
    if field.data < least:
        raise ValidationError(_l("Please enter 1 or more.") if least else _l("Please enter 0 or more."))
    if field.data > most:
        raise ValidationError(_l("This is too much."))


RULE = [NEEDED, within_rules]


class RulesForm(Form):
    """The stated rules of a queue; fields are named as the rules are, and minutes carry seconds."""

    version = HiddenField()
    calls_ahead = IntegerField(
        _l("Patients called ahead, per room"),
        RULE,
        description=_l("So many may be called while somebody is inside."),
    )
    max_calls = IntegerField(
        _l("Calls of one patient, at most"),
        RULE,
        description=_l("After the last one the turn is lost, the check-in is kept."),
    )
    call_expiry_seconds = MinutesField(
        _l("A call is open for (minutes)"),
        RULE,
        description=_l("So long we wait for somebody who was called."),
    )
    recall_gap_seconds = IntegerField(
        _l("Between two calls (seconds)"),
        RULE,
        description=_l("Who does not come is called again by itself after so long; 0: only by hand."),
    )
    least_service_seconds = IntegerField(
        _l("Ask whether it is over if shorter than (seconds)"),
        RULE,
        description=_l("Guards against a slip of the finger."),
    )
    recalls_by_itself = BooleanField(
        _l("Calls again by itself when nobody comes"),
        description=_l("Otherwise neither a call is repeated nor a turn lost without a click."),
    )
    merge_rule = SelectField(
        _l("How booked patients and the others share the line"),
        [NEEDED],
        description=_l("Whoever has no time is always counted from the arrival."),
    )
    early_tolerance_seconds = MinutesField(
        _l("Counts as waiting before the booked time (minutes)"),
        RULE,
        description=_l("Whoever comes earlier counts from so long before the booked time."),
    )
    head_start_seconds = MinutesField(
        _l("Head start of punctual booked patients (minutes)"),
        RULE,
        description=_l("With a head start only: so far they are put forward."),
    )
    grace_seconds = MinutesField(
        _l("Late for the booked time after (minutes)"),
        RULE,
        description=_l("Whoever comes later than that counts from the arrival."),
    )
    ageing_seconds = MinutesField(
        _l("Preferred after waiting (minutes)"),
        RULE,
        description=_l("From then on only the urgent go first."),
    )
    max_overtaken = IntegerField(
        _l("Preferred after being overtaken (times)"),
        RULE,
        description=_l("Whoever was passed over so often goes first."),
    )
    keeps_credit = BooleanField(
        _l("Who is moved here keeps the waiting time"),
        description=_l("Time waited in another queue counts here, too."),
    )
    re_entry_places = IntegerField(
        _l("Places behind the next, after a missed call"),
        RULE,
        description=_l("Behind so many others a patient waits again."),
    )
    max_re_entries = IntegerField(
        _l("Re-entries after missed calls, at most"),
        RULE,
        description=_l("After that the desk helps."),
    )
    max_own_holds = IntegerField(
        _l("Times a patient may step out, at most"),
        RULE,
        description=_l("By phone, while the place is kept."),
    )
    own_hold_seconds = MinutesField(
        _l("Stepping out lasts at most (minutes)"),
        RULE,
        description=_l("So long the place is kept."),
    )
    check_in_before_seconds = MinutesField(
        _l("Check-in opens before the time (minutes)"),
        RULE,
        description=_l("Sooner than that the phone asks to come back later."),
    )
    check_in_after_seconds = MinutesField(
        _l("Check-in closes after the time (minutes)"),
        RULE,
        description=_l("Later than that the desk helps."),
    )
    takes_walk_ins = BooleanField(
        _l("Takes patients without appointment"),
        description=_l("Otherwise only the booked are taken."),
    )
    is_overnight = BooleanField(
        _l("Goes on over the end of the day"),
        description=_l("The end of the day closes no visit here."),
    )
    shows_masked_name = BooleanField(
        _l("The waiting board shows the masked name beside the number"),
        description=_l("A number alone protects best."),
    )
    is_for_waiting = BooleanField(
        _l("Also for the patients who wait now"),
        description=_l(
            "Their order is reckoned anew. Who was skipped or came in again after a missed call keeps the place."
        ),
    )

    def __init__(self, **data: object) -> None:
        super().__init__(**data)
        self.merge_rule.choices = {str(rule): str(word) for rule, word in MERGE_WORDS.items()}

    def rules(self) -> Rules:
        """Return the rules as typed."""
        return Rules(**{name: value for name, value in self.data.items() if name not in NOT_RULES})

    def groups(self) -> list[tuple[str, list[Field]]]:
        """Return the fields under their headings."""
        return [(str(heading), [self[name] for name in names]) for heading, names in GROUPS]

    def differing(self, policy: Policy) -> dict[str, str]:
        """Return the present rules that differ from what was typed, in words, by field."""
        return {
            field.name: said(field, getattr(policy, field.name))
            for field in self
            if field.name not in NOT_RULES and field.data != getattr(policy, field.name)
        }


def said(field: Field, value: Any) -> str:
    """Return the value of a rule as the form would show it."""
    if isinstance(field, BooleanField):
        return str(_l("yes") if value else _l("no"))
    if isinstance(field, MinutesField):
        return minutes(value)
    return str(MERGE_WORDS.get(value, value))


def rules_of(policy: Policy) -> RulesForm:
    """Return the form of a queue's present rules."""
    names = [name for name in RulesForm().data if name not in NOT_RULES]
    return RulesForm(**{name: getattr(policy, name) for name in names}, version=policy.version)
