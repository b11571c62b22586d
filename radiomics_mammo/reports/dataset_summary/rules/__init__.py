"""Rules that a list of cases is checked by: each finds one problem of the data."""

from __future__ import annotations

from radiomics_mammo.reports.dataset_summary.base import SEVERITIES, Facts, Finding, Rule
from radiomics_mammo.reports.dataset_summary.rules import columns, groups, labels, units

RULES: dict[str, Rule] = {
    "phantom": columns.phantom,
    "several-rows": units.several_rows,
    "no-patient-id": units.no_patient_id,
    "patients-in-several-splits": units.patients_in_several_splits,
    "duplicates": units.duplicates,
    "known-after-diagnosis": labels.known_after_diagnosis,
    "missing-by-site": columns.missing_by_site,
    "label-by-order": labels.label_by_order,
    "rare-label": labels.rare_label,
    "label-by-scanner": groups.label_by_scanner,
    "nested-machines": groups.nested_machines,
    "no-label": labels.no_label,
    "few-positives": labels.few_positives,
    "label-level": labels.label_level,
    "reader-assessments": labels.reader_assessments,
    "benign-without-callback": labels.benign_without_callback,
    "missing-by-label": columns.missing_by_label,
    "missing-by-group": columns.missing_by_group,
    "missing-values": columns.missing_values,
    "coded-zero": columns.coded_zero,
    "infinite": columns.infinite,
    "splits-differ": groups.splits_differ,
    "rates-differ": groups.rates_differ,
    "inconsistent-values": units.inconsistent_values,
    "ages": columns.ages,
    "one-breast": units.single_breast,
    "one-view": units.single_view,
    "uneven-views": units.uneven_views,
    "rare-views": units.rare_views,
    "label-by-metadata": groups.label_by_metadata,
    "small-sites": groups.small_sites,
    "implants": groups.implants,
    "mass-and-calcification": groups.mass_and_calcification,
    "capped-ages": columns.capped_ages,
    "constant": columns.constant,
    "text": columns.free_text,
    "empty-columns": columns.empty_columns,
}
"""By name, in the order in which findings of one severity are listed."""


def find(facts: Facts) -> list[Finding]:
    """Apply every rule and sort the findings by severity."""
    findings = [each for rule in RULES.values() for each in rule(facts)]
    return sorted(findings, key=lambda each: SEVERITIES.index(each.severity))
