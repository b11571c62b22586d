"""Result tables on ensembles and on linear probes of embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radiomics_mammo.evaluation.result_tables.base import ResultTable, TableContext, bounds, integer, number, text
from radiomics_mammo.evaluation.result_tables.comparison import DIFFERENCE_COLUMNS, VERDICT_COLUMNS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from radiomics_mammo.evaluation.cohort.records import Units

ENSEMBLE_COLUMNS = (
    text("ensemble", "ensemble"),
    text("members", "its members"),
    text("against", "the member with the highest out-of-fold AUROC"),
    *DIFFERENCE_COLUMNS[2:],
    *VERDICT_COLUMNS,
)


def ensembles(context: TableContext) -> pd.DataFrame:
    """Compare each ensemble with its best single member, on the same patients.

    The best member is the one with the highest AUROC on the same predictions, which favours the member.
    """
    return _against_best_member(context, context.outcome.p, context.units, context.plan.fold_of)


def test_ensembles(context: TableContext) -> pd.DataFrame:
    """Compare each ensemble on the test set with the member that was best out of fold."""
    import numpy as np

    units = context.test_units
    return _against_best_member(context, context.test_p(), units, np.zeros((1, units.y.size), dtype=np.int16))


def _against_best_member(
    context: TableContext, p: NDArray[np.float64], units: Units, fold_of: NDArray[np.int16]
) -> pd.DataFrame:
    from radiomics_mammo.evaluation.metrics.paired_comparison import pair_table
    from radiomics_mammo.evaluation.summary import best_candidate, compare_candidates
    from radiomics_mammo.evaluation.training.registry import MODELS

    plan, options = context.plan, context.options
    best = best_candidate(context.comparison.summary, plan.members)
    assert best is not None  # there are two members at least, and none is a baseline
    candidates = [best, *(each for each in plan.candidates if MODELS[each.model].ensemble)]
    names = [candidate.name for candidate in candidates]
    p = p[[plan.candidates.index(candidate) for candidate in candidates]]
    pairs = [(i, 0) for i in range(1, len(candidates))]
    differences = compare_candidates(
        candidates, units, p, draws=options.bootstrap, seed=plan.seed, workers=options.workers, pairs=pairs
    ).differences
    tests = pair_table(names, units.y, p, units.group, fold_of, against=dict.fromkeys(names[1:], best.name))
    verdicts = tests[["model", "p_holm", "verdict"]].assign(metric="auroc")
    joined = differences.merge(verdicts, on=["model", "metric"], how="left").rename(columns={"model": "ensemble"})
    members = "; ".join(candidate.name for candidate in plan.members)
    joined = joined.assign(members=members, verdict=joined["verdict"].fillna(""))
    return joined[[column.name for column in ENSEMBLE_COLUMNS]]


def probes(context: TableContext) -> pd.DataFrame:
    """Compare the linear probes of all embedders."""
    import numpy as np
    import pandas as pd

    from radiomics_mammo.evaluation.cohort.records import Candidate

    embedders, rows = context.plan.cohort.embedders, []
    for embedder, columns in embedders.items():
        accepted = (Candidate("probe", block=embedder), *([Candidate("probe")] if len(embedders) == 1 else []))
        candidate = next((each for each in context.plan.candidates if each in accepted), None)
        if candidate is None:
            continue
        row: dict[str, str | int | float] = {"embedder": embedder, "dims": columns.stop - columns.start}
        for prefix, name in (("", "auroc"), ("test_", "test_auroc")):
            table = context.tables.get(name)
            values = {} if table is None else table[table["model"] == candidate.name].to_dict("records")[0]
            for key, column in (("auroc", "auroc"), ("low", "obuchowski_low"), ("high", "obuchowski_high")):
                row[f"{prefix}{key}"] = float(values.get(column, np.nan))
        rows.append(row)
    return pd.DataFrame(rows, columns=[column.name for column in PROBES.columns])


ENSEMBLES = ResultTable(
    name="ensembles",
    title="each ensemble minus its best single member, paired",
    columns=ENSEMBLE_COLUMNS,
    compute=ensembles,
    needs=("ensemble",),
)
TEST_ENSEMBLES = ResultTable(
    name="test_ensembles",
    title="each ensemble minus the best member out of fold, on the test set",
    columns=ENSEMBLE_COLUMNS,
    compute=test_ensembles,
    needs=("test set", "ensemble"),
)
PROBES = ResultTable(
    name="probes",
    title="linear probes, one row an embedder",
    columns=(
        text("embedder", "prefix of the embedder's columns"),
        integer("dims", "number of outputs"),
        number("auroc", "out-of-fold AUROC"),
        *bounds(of="Obuchowski's 95% interval"),
        number("test_auroc", "AUROC on the test set", null="no test set"),
        *bounds("test", of="Obuchowski's 95% interval", null="no test set"),
    ),
    compute=probes,
    needs=("probe",),
)
