"""The report: figures with their peers, ratios with their spread, and what the machine was like meanwhile."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from math import inf
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

from benchmarks.machine import QUIET_LOAD


@dataclass(frozen=True, slots=True)
class Ratio:
    """How we stand to a peer of the same run: one value per repetition, and the gate of the specification."""

    what: str
    values: tuple[float, ...]
    at_most: float | None = None
    at_least: float | None = None

    @property
    def middle(self) -> float:
        """Return the median."""
        return median(self.values)

    @property
    def verdict(self) -> str:
        """Return whether the gate is met by the median."""
        if self.at_most is None and self.at_least is None:
            return ""
        is_met = self.middle <= (self.at_most or self.middle) and self.middle >= (
            self.at_least or self.middle
        )
        return "met" if is_met else "MISSED"

    @property
    def outside(self) -> tuple[float, ...]:
        """Return the repetitions that miss the gate, for gates that each of them has to meet."""
        least = -inf if self.at_least is None else self.at_least
        most = inf if self.at_most is None else self.at_most
        return tuple(value for value in self.values if not least <= value <= most)

    @property
    def gate(self) -> str:
        """Return the gate as a table shows it."""
        if self.at_most is not None and self.at_least is not None:
            return f"{self.at_least:g}..{self.at_most:g}"
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return f">= {self.at_least:g}" if self.at_least is not None else ""


@dataclass(slots=True)
class Section:
    """One benchmark: columns of figures by case, ratios, and what was not measured or went wrong."""

    name: str
    title: str
    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)  # case -> column -> repetitions
    ratios: list[Ratio] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    load_before: float = 0.0
    load_after: float = 0.0
    is_mean: bool = False  # told as mean ± standard deviation

    def add(self, case: str, **values: float | None) -> None:
        """Add one repetition of a case."""
        row = self.figures.setdefault(case, {})
        for column, value in values.items():
            if value is not None:
                row.setdefault(column, []).append(float(value))

    def compare(self, what: str, case: str, peer: str, column: str, **gate: float | None) -> None:
        """Add the ratio of two cases, repetition by repetition: neighbours in time share the machine's mood."""
        ours = self.figures.get(case, {}).get(column, [])
        theirs = self.figures.get(peer, {}).get(column, [])
        values = tuple(one / other for one, other in zip(ours, theirs, strict=False) if other)
        if values:
            self.ratios.append(Ratio(what, values, **gate))

    def columns(self) -> list[str]:
        """Return the columns, in the order in which they came."""
        return list(dict.fromkeys(column for row in self.figures.values() for column in row))


@dataclass(slots=True)
class Report:
    """Everything one run measured."""

    mode: str
    at: str
    machine: dict[str, str]
    load_before: float
    parts: tuple[str, ...] = ()  # what was asked for; everything
    sections: list[Section] = field(default_factory=list)

    @property
    def is_judge(self) -> bool:
        """Whether the counts are large enough to say that a gate is met."""
        return self.mode == "full"

    @property
    def faults(self) -> list[str]:
        """Return what was wrong, not slow."""
        return [f"{section.name}: {fault}" for section in self.sections for fault in section.faults]

    def markdown(self) -> str:
        """Return the report for people."""
        lines = [f"# Benchmarks, {self.name}, {self.at}", ""]
        lines += [" · ".join(f"{name} {value}" for name, value in self.machine.items()), ""]
        lines += [self._mood(), ""]
        if not self.is_judge:
            lines += [
                "Small counts, few repetitions: this run shows that everything works and judges no gate.",
                "",
            ]
        for section in self.sections:
            lines += [f"## {section.title}", ""]
            lines += _figures(section)
            lines += _ratios(section.ratios, judge=self.is_judge)
            lines += [f"- {note}" for note in section.notes]
            lines += [f"- **WRONG: {fault}**" for fault in section.faults]
            lines += [f"- load average {section.load_before} before, {section.load_after} after", ""]
        return "\n".join(lines)

    @property
    def name(self) -> str:
        """Return the name of the files: a run of some parts leaves the whole report alone."""
        return "-".join([self.mode, *self.parts])

    def write(self, folder: Path) -> Path:
        """Write `<mode>[-part…].json` and `.md`; return the latter."""
        folder.mkdir(parents=True, exist_ok=True)
        data: dict[str, Any] = asdict(self)
        for section, ours in zip(data["sections"], self.sections, strict=True):
            for ratio, one in zip(section["ratios"], ours.ratios, strict=True):
                ratio |= {"median": round(one.middle, 3), "verdict": one.verdict if self.is_judge else ""}
        text = json.dumps(data, ensure_ascii=False, indent=1)
        (folder / f"{self.name}.json").write_text(text + "\n", encoding="utf-8")
        page = folder / f"{self.name}.md"
        page.write_text(self.markdown(), encoding="utf-8")
        return page

    def _mood(self) -> str:
        if self.load_before > QUIET_LOAD:
            return (
                f"**Noisy machine**: load average {self.load_before} before we began. Others were at work; "
                "read the ratios with their spread, and no figure by itself."
            )
        return f"Quiet machine: load average {self.load_before} before we began."


def spread(values: Sequence[float]) -> str:
    """Return `median [min..max]`."""
    if len(values) == 1:
        return _short(values[0])
    return f"{_short(median(values))} [{_short(min(values))}..{_short(max(values))}]"


def deviation(values: Sequence[float]) -> str:
    """Return `mean ± standard deviation`."""
    return f"{fmean(values):.1f} ± {stdev(values):.1f}" if len(values) > 1 else f"{values[0]:.1f}"


def _figures(section: Section) -> list[str]:
    columns = section.columns()
    tell = deviation if section.is_mean else spread
    rows = [
        [case, *(tell(row[one]) if one in row else "–" for one in columns)]
        for case, row in section.figures.items()
    ]
    return _table(["case", *(one.replace("_", " ") for one in columns)], rows) if rows else []


def _ratios(ratios: Iterable[Ratio], *, judge: bool) -> list[str]:
    rows = [[one.what, f"**{spread(one.values)}**", one.gate, one.verdict if judge else ""] for one in ratios]
    return _table(["ratio", "median [min..max]", "gate", ""], rows) if rows else []


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]

    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return [line(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows), ""]


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
