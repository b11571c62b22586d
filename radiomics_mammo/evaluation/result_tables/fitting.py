"""Result tables on what the folds fitted: tuned parameters, selected features, learning curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from radiomics_mammo.evaluation.result_tables.base import ResultTable, TableContext, integer, number, text

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_N_SELECTED = 20  # a feature counts as selected where it is among so many best

_FOLD = (text("model", "model"), integer("repeat", "repeat"), integer("fold", "outer fold; -1: all patients"))


def _tuned_parameters(context: TableContext) -> pd.DataFrame:
    import json

    import pandas as pd

    rows = [
        (candidate, repeat, fold, tuned.score, tuned.threshold, json.dumps(tuned.parameters, sort_keys=True))
        for (candidate, repeat, fold), tuned in context.outcome.tuned.items()
    ]
    columns = [column.name for column in TUNED_PARAMETERS.columns]
    return pd.DataFrame(rows, columns=columns).sort_values(columns[:3], kind="stable", ignore_index=True)


def _feature_selection(context: TableContext) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    from radiomics_mammo.evaluation.training.feature_selection import RANKINGS
    from radiomics_mammo.evaluation.training.plan import WHOLE

    features = context.plan.cohort.features
    selected: dict[str, list[NDArray[np.bool_]]] = {method: [] for method in RANKINGS}
    for (repeat, fold), rankings in context.outcome.rankings.items():
        if fold == WHOLE:
            continue
        source = _source_columns(context, repeat, fold)
        for method in RANKINGS:
            if (WHOLE, method) in rankings:
                row = np.zeros(len(features), dtype=bool)
                row[source[rankings[WHOLE, method][:_N_SELECTED]]] = True
                selected[method].append(row)
    used = {method: np.array(rows) for method, rows in selected.items() if rows}
    table = pd.DataFrame({"feature": features, **{method: rows.mean(axis=0) for method, rows in used.items()}})
    return table.assign(**{f"stability_{method}": nogueira(rows) for method, rows in used.items()})


def _source_columns(context: TableContext, repeat: int, fold: int) -> NDArray[np.int64]:
    """Return the feature of each ranked column of a fold."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    from radiomics_mammo.evaluation.cohort.records import FEATURES
    from radiomics_mammo.evaluation.training.fold_data import FoldData
    from radiomics_mammo.evaluation.training.plan import WHOLE
    from radiomics_mammo.evaluation.training.preprocessing import source_columns

    with threadpool_limits(1):  # as when they were ranked
        return source_columns(FoldData(context.plan, repeat=repeat, fold=fold, block=FEATURES).prepared(WHOLE).steps)


def nogueira(selected: NDArray[np.bool_]) -> float:
    """Compute the stability of feature selections, one a row (Nogueira et al. 2018)."""
    n, d = selected.shape
    proportion, k = selected.mean(axis=0), selected.sum(axis=1).mean()
    if n < 2 or k in (0, d):
        return float("nan")
    return float(1 - (n / (n - 1) * proportion * (1 - proportion)).mean() / ((k / d) * (1 - k / d)))


def _learning_curves(context: TableContext) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    from radiomics_mammo.evaluation.training.estimators.dense_head.early_stopping import CURVES, PARTS

    tables = []
    for (model, repeat, fold), tuned in context.outcome.tuned.items():
        if tuned.curves is not None:
            table = pd.DataFrame(tuned.curves, columns=list(CURVES))
            table = table.assign(part=np.array(PARTS)[table["part"].astype(int)])
            table = table.astype({"inner": int, "epoch": int})
            tables.append(table.assign(model=model, repeat=repeat, fold=fold, chosen=tuned.parameters["epochs"]))
    columns = [column.name for column in LEARNING_CURVES.columns]
    return pd.concat(tables, ignore_index=True)[columns].sort_values(columns[:6], kind="stable", ignore_index=True)


TUNED_PARAMETERS = ResultTable(
    name="tuned_parameters",
    title="hyperparameters and threshold of every fold",
    columns=(
        *_FOLD,
        number("inner_auroc", "AUROC in the inner folds", null="the model has nothing to tune"),
        number("threshold", "threshold of a positive call"),
        text("parameters", "hyperparameters as JSON"),
    ),
    compute=_tuned_parameters,
)
FEATURE_SELECTION = ResultTable(
    name="feature_selection",
    title="how often each feature is among the 20 best of a method, and Nogueira's stability",
    columns=(
        text("feature", "feature"),
        number("[!s]*", "proportion of outer folds in which the method of this name selects the feature"),
        number("stability_*", "Nogueira's stability of the method, 1 where all folds agree", null="a single fold"),
    ),
    compute=_feature_selection,
    needs=("feature selection",),
)
LEARNING_CURVES = ResultTable(
    name="learning_curves",
    title="learning curves of dense heads",
    columns=(
        *_FOLD,
        integer("inner", "inner fold"),
        integer("epoch", "epoch"),
        text("part", "training or validation rows"),
        number("loss", "loss"),
        number("auroc", "AUROC", null="one class only"),
        number("accuracy", "accuracy"),
        integer("chosen", "epoch chosen for the outer fold"),
    ),
    compute=_learning_curves,
    needs=("dense head",),
)
