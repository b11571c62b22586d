"""Rules on columns as such: constant ones, text, ages that cannot be, simulated images."""

from __future__ import annotations

from radiomics_mammo.reports.dataset_summary.base import Facts, Finding, some
from radiomics_mammo.tables.feature_table import plain

_AGES = (18.0, 110.0)


def constant(facts: Facts) -> list[Finding]:
    """A column of one value tells nothing."""
    names = [one.name for one in facts.dataset.columns.values() if one.countable and one.distinct == 1]
    if not names or len(facts.dataset.frame) < 2:
        return []
    return [Finding("note", "constant", f"One value only: {', '.join(names)}.", "Nothing can be told by them here.")]


def long_text(facts: Facts) -> list[Finding]:
    """Text is counted, never shown."""
    names = [f"{one.name} ({one.distinct:,} values)" for one in facts.dataset.columns.values() if one.kind == "text"]
    if not names:
        return []
    return [
        Finding(
            "note",
            "text",
            f"Text, which is summed up only: {', '.join(names)}.",
            "They may name patients: check before the table is shared.",
        )
    ]


def impossible_ages(facts: Facts) -> list[Finding]:
    """Ages below 18 or above 110 are errors or codes."""
    found = []
    for one in facts.dataset.columns.values():
        if plain(one.name) == "age" and one.kind == "number":
            ages = facts.dataset.frame[one.name].astype("Float64")
            odd = int(((ages < _AGES[0]) | (ages > _AGES[1])).fillna(False).sum())
            if odd:
                said = f"{one.name} is below {_AGES[0]:.0f} or above {_AGES[1]:.0f} in {some(odd, facts.dataset.row)}."
                found.append(Finding("caution", "ages", said, "Empty those cells: they are errors, or codes."))
    return found


def capped_ages(facts: Facts) -> list[Finding]:
    """A heap of patients at the highest age means that it stands for all above."""
    found = []
    for one in facts.dataset.columns.values():
        if plain(one.name) != "age" or one.kind != "number":
            continue
        ages = facts.dataset.frame[one.name].astype("Float64").groupby(facts.dataset.group).first().dropna()
        counts = ages.value_counts().sort_index()
        if counts.iloc[-1] >= 5 and counts.iloc[-1] > 3 * counts.iloc[-4:-1].mean():
            top = counts.index[-1]
            said = f"{some(int(counts.iloc[-1]), 'patient')} are of the highest age, {top:g}, and few just below."
            found.append(Finding("note", "capped-ages", said, f"Read {top:g} as {top:g} or older."))
    return found


def simulated(facts: Facts) -> list[Finding]:
    """Phantoms say nothing about patients."""
    if not facts.dataset.phantom:
        return []
    said = "The images are simulated (phantom): every figure here was made up by a program."
    return [Finding("danger", "phantom", said, "Try the software on them; draw no conclusion.")]


def infinite(facts: Facts) -> list[Finding]:
    """A number without end is a broken measurement, or a division by zero."""
    counts = facts.dataset.infinite
    if not counts:
        return []
    said = ", ".join(f"{name} in {some(n, facts.dataset.row)}" for name, n in counts.items())
    return [
        Finding(
            "caution", "infinite", f"Infinite, and taken for missing here: {said}.", "Find out why; empty the cells."
        )
    ]
