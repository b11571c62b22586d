"""What a list of cases implies: rules, each of which looks for one thing, and what to do about it."""

from __future__ import annotations

from radiomics_mammo.reports.dataset_summary.base import SEVERITIES, Facts, Finding, Rule
from radiomics_mammo.reports.dataset_summary.rules import columns, labels, missing, patients, places

RULES: dict[str, Rule] = {
    "phantom": columns.simulated,
    "several-rows": patients.several_rows,
    "nobody-named": patients.nobody_named,
    "both-sides": patients.both_sides,
    "doubled": patients.doubled,
    "afterwards": labels.says_the_answer,
    "missing-place": missing.gives_the_place_away,
    "ordered": labels.ordered,
    "rare-label": labels.rare,
    "scanner-tells": places.scanner_tells,
    "nested-machines": places.nested,
    "no-label": labels.no_label,
    "few-positives": labels.few_positives,
    "label-within": labels.differs_within,
    "opinions": labels.opinions,
    "easy-benign": labels.easy_benign,
    "missing-label": missing.tells_the_label,
    "missing-part": missing.differs_by_part,
    "missing-values": missing.much_is_missing,
    "coded-zero": missing.coded_zero,
    "infinite": columns.infinite,
    "sides-differ": places.sides_differ,
    "rates-differ": places.rates_differ,
    "changes-within": patients.changes_within,
    "ages": columns.impossible_ages,
    "one-side": patients.one_side,
    "one-view": patients.one_view,
    "uneven-sides": patients.uneven_sides,
    "rare-views": patients.rare_views,
    "metadata-tells": places.metadata_tells,
    "small-places": places.small_places,
    "implants": places.implants,
    "both-kinds": places.both_kinds,
    "capped-ages": columns.capped_ages,
    "constant": columns.constant,
    "text": columns.long_text,
    "empty-columns": missing.known_later,
}
"""By name, in the order in which findings of one severity are told."""


def find(facts: Facts) -> list[Finding]:
    """Ask every rule, and put what was found in order: the gravest first."""
    found = [one for rule in RULES.values() for one in rule(facts)]
    return sorted(found, key=lambda one: SEVERITIES.index(one.severity))
