"""The policy row in words, as patients and staff read it."""

import re
from dataclasses import asdict
from typing import Any

import pytest
from flask import Flask, render_template_string

from app.queues.queries import Policy
from app.queues.rules import Rules

PAGE = '{% from "components/policy.html" import policy_words %}{{ policy_words(policy, is_for_staff=staff) }}'


def words(web: Flask, *, staff: bool = False, **changed: Any) -> list[str]:
    with web.test_request_context(headers={"Accept-Language": "en"}):
        text = render_template_string(
            PAGE, policy=Policy(**{**asdict(Rules()), **changed}, version=1), staff=staff
        )
    return re.findall(r"<li>(.*?)</li>", text, re.DOTALL)


@pytest.mark.parametrize(
    ("changed", "count"),
    [
        ({}, 6),
        ({"merge_rule": "arrival"}, 5),
        ({"merge_rule": "head-start"}, 6),
        ({"takes_walk_ins": False}, 7),
        ({"max_own_holds": 0}, 5),
        ({"max_re_entries": 0}, 6),
    ],
)
def test_each_rule_that_a_patient_meets_is_one_sentence(
    web: Flask, changed: dict[str, Any], count: int
) -> None:
    said = words(web, **changed)
    assert len(said) == count
    assert len(words(web, staff=True, **changed)) == count + 3


def test_figures_stand_in_minutes(web: Flask) -> None:
    said = " ".join(words(web, staff=True, ageing_seconds=2700, call_expiry_seconds=90, grace_seconds=600))
    assert re.search(r"\b45\b", said)
    assert "1.5" in said
    assert re.search(r"\b10\b", said)
    assert "2700" not in said


def test_three_ways_of_sharing_a_line_read_differently(web: Flask) -> None:
    first = {words(web, merge_rule=rule)[0] for rule in ("arrival", "slot", "head-start")}
    assert len(first) == 3
