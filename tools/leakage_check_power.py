"""How often the leakage checks fail where they should and where they should not: run by hand, it prints figures.

    python -m tools.leakage_check_power [TABLE.parquet] [--runs 100] [--leaking 20]

Every run has its own seed: its own toy table, folds, planted code and permutations. With a table, such as that of the
1,318 real lesions, the same is asked of it, with other folds, codes and permutations each time.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.evaluation.cohort.cohort import prepare_cohort
from radiomics_mammo.evaluation.cohort.records import Cohort
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.leakage.baseline_models import most_associated, out_of_fold
from radiomics_mammo.evaluation.leakage.checks import CheckInput, check_planted_duplicates, check_planted_identifier
from radiomics_mammo.evaluation.leakage.identifier_columns import identifier_columns
from radiomics_mammo.evaluation.leakage.permutation_test import PermutationTest, permutation_test
from radiomics_mammo.evaluation.training.splits import repeated_folds
from radiomics_mammo.tables.feature_table import read_table
from tests.support.cohorts import FEATURES, toy_frame


def toy_cohort(seed: int) -> Cohort:
    """Give a toy table of 60 to 150 patients with one to four rows each."""
    rng = np.random.default_rng([seed, 1])
    patients = int(rng.integers(60, 151))
    frame = toy_frame(patients=patients, rows_each=4, seed=seed)
    sizes = rng.integers(1, 5, size=patients)
    frame = frame[np.tile(np.arange(4), patients) < np.repeat(sizes, 4)].reset_index(drop=True)
    return prepare_cohort(frame, FEATURES, target=Target())


def row_folds(cohort: Cohort, *, seed: int) -> NDArray[np.int16]:
    """Split rows as if nobody had several."""
    return repeated_folds(cohort.y, np.arange(cohort.y.size), folds=5, repeats=1, seed=seed)


def with_codes(cohort: Cohort, *, seed: int) -> NDArray[np.float64]:
    """Give the features and a random code a patient."""
    codes = np.random.default_rng([seed, 2]).choice(10**9, size=cohort.n_patients, replace=False)
    return np.column_stack([cohort.x, codes[cohort.group].astype(np.float64)])


def selected_before(
    x: NDArray[np.float64], y: NDArray[np.int8], fold_of: NDArray[np.integer], seed: int
) -> NDArray[np.float64]:
    """A pipeline that selects twenty columns on all rows before it splits them."""
    selected = x[:, most_associated(x, y, 20)]
    scores: NDArray[np.float64] = out_of_fold(selected, y, fold_of[None], model="logistic", seed=seed)[0]
    return scores


def sound(cohort: Cohort, seed: int) -> PermutationTest:
    """Permuted labels, patients split."""
    folds = repeated_folds(cohort.y, cohort.group, folds=5, repeats=1, seed=seed)
    return permutation_test(cohort.x, cohort.y, cohort.group, folds, seed=seed)


def leaking(cohort: Cohort, seed: int) -> PermutationTest:
    """Permuted labels, rows split, a patient code left in."""
    x = with_codes(cohort, seed=seed)
    return permutation_test(x, cohort.y, cohort.group, row_folds(cohort, seed=seed), seed=seed)


def selecting(cohort: Cohort, seed: int, *, columns: int = 500) -> PermutationTest:
    """Permuted labels, patients split, but the twenty best of many columns of noise args before."""
    folds = repeated_folds(cohort.y, cohort.group, folds=5, repeats=1, seed=seed)
    x = np.random.default_rng([seed, 3]).normal(size=(cohort.y.size, columns))
    return permutation_test(x, cohort.y, cohort.group, folds, seed=seed, predict=selected_before)


def report(what: str, runs: list[PermutationTest]) -> None:
    """Print how often one half lay inside, and where the values lay."""
    inside = sum(run.passed for run in runs)
    values = np.array([run.value for run in runs])
    print(
        f"{what}: 0.5 inside {inside} of {len(runs)}, outside {len(runs) - inside} "
        f"(mean {values.mean():.4f}, {values.min():.4f} to {values.max():.4f})",
        flush=True,
    )


def ask(name: str, make: Callable[[int], Cohort], *, runs: int, leaks: int) -> None:
    """Print the figures of one kind of table."""
    began = time.perf_counter()
    found = copies = flagged = 0
    for seed in range(runs):
        cohort = make(seed)
        given = CheckInput(cohort, row_folds(cohort, seed=seed), seed)
        found += check_planted_identifier(given).passed
        copies += check_planted_duplicates(given).passed
        if seed == 0 or name == "toys":
            flagged += len(identifier_columns(cohort.x, cohort.features, cohort.group, cohort.rows))
    print(f"{name}: planted code detected {found} of {runs}, planted duplicates detected {copies} of {runs}")
    print(f"{name}: innocent columns flagged {flagged}", flush=True)
    report(f"{name}: rows split and a code left in, permuted labels", [leaking(make(s), s) for s in range(leaks)])
    report(f"{name}: selected before the split, permuted labels", [selecting(make(s), s) for s in range(leaks)])
    report(f"{name}: sound, permuted labels", [sound(make(seed), seed) for seed in range(runs)])
    print(f"{name}: {time.perf_counter() - began:.0f} s", flush=True)


def main() -> int:
    """Ask toys, then the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--leaking", type=int, default=20)
    args = parser.parse_args()
    ask("toys", toy_cohort, runs=args.runs, leaks=args.leaking)
    if args.table is not None:
        table = read_table(args.table)
        cohort = prepare_cohort(table.frame, table.features, target=Target())
        ask(args.table.stem, lambda _: cohort, runs=args.runs, leaks=args.leaking)
    return 0


if __name__ == "__main__":
    sys.exit(main())
