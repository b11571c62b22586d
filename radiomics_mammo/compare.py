"""Compare models on a feature table with cross-validation grouped by person; write a run folder."""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiomics_mammo.atomic import write_bytes
from radiomics_mammo.console import complain, console, progress, run_command, say
from radiomics_mammo.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from radiomics_mammo.models.cohort import Question
    from radiomics_mammo.models.crossval import Plan
    from radiomics_mammo.models.device import Device
    from radiomics_mammo.models.runinfo import RunInfo
    from radiomics_mammo.models.study import Options, Study
    from radiomics_mammo.tables import Table

_EXPLAINED_ROWS = 20_000  # repeats are explained until their rows pass this; the first always is
_EXPLAINED_FEATURES = 30  # features whose values are kept beside their contributions, for the figures

EPILOG = """\
models:
  prevalence             predicts the training rows' share of positives: the floor
  logistic               L2 logistic regression
  forest                 random forest, 300 trees
  xgboost                gradient boosting, 300 rounds of depth 3
  MODEL+oversampling     the model on training rows with cases of the rarer class repeated at random
  MODEL+smote            the model on training rows with the rarer class filled up by SMOTE

what is written to OUT:
  predictions.parquet    out-of-fold predictions: case_id, patient_id, model, repeat, fold, y, p
  summary.csv            model, metric, value, low, high (95% patient-bootstrap interval)
  differences.csv        each resampled model minus its plain twin, paired
  folds.parquet, cases.parquet, shap.parquet, shap_values.parquet, run.json, timings.json

Splits are made on the person and stratified. Imputation, scaling, resampling and the model are fitted on
training rows only. The same table, options and seed give the same files, whatever --workers is
(timings.json aside). OUT appears when the run is whole.

examples:
  python -m radiomics_mammo.compare features/tables/cbis.parquet --out runs/cbis
  python -m radiomics_mammo.compare mine.csv --label pathology --positive MALIGNANT --out runs/mine
  python -m radiomics_mammo.compare t.parquet --models logistic,xgboost+smote --folds 10 --out runs/ten
"""


def build_parser() -> argparse.ArgumentParser:
    """Build the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m radiomics_mammo.compare",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("table", type=Path, metavar="TABLE", help="feature table, Parquet or CSV")
    parser.add_argument("--out", type=Path, required=True, help="run folder to write, for example runs/mine")
    parser.add_argument("--overwrite", action="store_true", help="replace a run that is there already")
    _add_question(parser)
    _add_options(parser)
    return parser


def _add_question(parser: argparse.ArgumentParser) -> None:
    from radiomics_mammo.models.cohort import Question

    asked = Question()
    group = parser.add_argument_group("what is asked of the table")
    group.add_argument("--label", default=asked.label, help="column with the outcome (default: %(default)s)")
    group.add_argument(
        "--group",
        default=asked.group,
        help="column with the person; splits are made on it (default: %(default)s)",
    )
    group.add_argument(
        "--positive", nargs="+", default=[], metavar="VALUE", help="values that count as 1, if not 0/1"
    )
    group.add_argument(
        "--negative", nargs="+", default=[], metavar="VALUE", help="values that count as 0, if several remain"
    )
    group.add_argument(
        "--also-feature",
        action="append",
        default=[],
        metavar="COLUMN",
        help="let a numeric column in as a feature (repeatable; the report names it). Readers' opinions and "
        "identity columns never are features otherwise",
    )
    group.add_argument("--drop-unlabelled", action="store_true", help="leave rows without a label out")


def _add_options(parser: argparse.ArgumentParser) -> None:
    from radiomics_mammo.models.device import DEVICES, TREE_METHODS
    from radiomics_mammo.models.study import Options

    plain = Options()
    group = parser.add_argument_group("how it is compared")
    group.add_argument("--models", default=plain.models, help="comma-separated (default: %(default)s)")
    group.add_argument("--folds", type=int, default=plain.folds, help="default: %(default)s")
    group.add_argument("--repeats", type=int, default=plain.repeats, help="default: %(default)s")
    group.add_argument("--seed", type=int, default=plain.seed, help="default: %(default)s")
    group.add_argument(
        "--bootstrap",
        type=int,
        default=plain.bootstrap,
        metavar="DRAWS",
        help="draws of people for the intervals (default: %(default)s)",
    )
    group.add_argument(
        "--tree-method",
        choices=TREE_METHODS,
        default=plain.tree_method,
        help="XGBoost's; gpu_hist is taken for hist on CUDA where there is a device (default: %(default)s)",
    )
    group.add_argument(
        "--device",
        choices=DEVICES,
        default=plain.device,
        help="what XGBoost trains on: cuda fails without one, auto takes it if it is there (default: cpu)",
    )
    group.add_argument(
        "--workers", type=int, default=0, help="processes (default: all usable cores); changes the time only"
    )


def _question(args: argparse.Namespace) -> Question:
    from radiomics_mammo.models.cohort import Question

    return Question(
        label=args.label,
        group=args.group,
        positive=tuple(args.positive),
        negative=tuple(args.negative),
        also_features=tuple(args.also_feature),
        drop_unlabelled=args.drop_unlabelled,
    )


def _options(args: argparse.Namespace) -> Options:
    from joblib import cpu_count

    from radiomics_mammo.models.study import Options

    if args.bootstrap < 1 or args.workers < 0 or args.seed < 0:
        raise InputError(
            "--bootstrap must be at least 1, --workers and --seed not negative", remedy="Change the option."
        )
    return Options(
        folds=args.folds,
        repeats=args.repeats,
        seed=args.seed,
        models=args.models,
        bootstrap=args.bootstrap,
        tree_method=args.tree_method,
        device=args.device,
        workers=args.workers or cpu_count(),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns
    -------
    int
        0 when the run is written, 2 for wrong input or output, 130 for Ctrl-C.
    """
    args = build_parser().parse_args(argv)
    return run_command(lambda: _compare(args))


def _compare(args: argparse.Namespace) -> int:
    from radiomics_mammo.models.device import resolve_device
    from radiomics_mammo.models.runfolder import new_run
    from radiomics_mammo.models.study import plan_study, run_study
    from radiomics_mammo.tables import read_table

    question, options = _question(args), _options(args)
    started = time.perf_counter()
    device = resolve_device(tree_method=options.tree_method, device=options.device)
    with _stopping(), new_run(args.out, overwrite=args.overwrite) as folder:
        table = read_table(args.table)
        with _naming(args.table):
            plan = plan_study(table.frame, table.features, question=question, options=options, device=device)
        _say_plan(plan, table, device, options)
        seconds = {"read": time.perf_counter() - started}
        with progress(
            len(plan.arms) * plan.fold_of.shape[0] * plan.n_folds, what="models trained"
        ) as advance:
            study = run_study(plan, options=options, on_done=lambda name: advance(note=name))
        seconds |= study.seconds
        started = time.perf_counter()
        contributions = _explain(study, options)
        seconds["explain"] = time.perf_counter() - started
        info = _info(args.table, table, question, options, device, study)
        _write(folder, info, study, contributions, args.table)
        _write_timings(folder, seconds, study, options)
    _say_result(args.out, info, study, seconds)
    return 0


@contextmanager
def _stopping() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        complain("stopped: no run was written; the same command starts again")
        raise


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Add the table's path to what is wrong with its content."""
    try:
        yield
    except InputError as error:
        raise InputError(error.cause, path=error.path or path, remedy=error.remedy) from error


def _explain(study: Study, options: Options) -> pd.DataFrame | None:
    """Compute SHAP values of the best tree model on the rows that each of its folds left out."""
    from radiomics_mammo.explain.contributions import contribution_table, contributions
    from radiomics_mammo.models.crossval import measure_held_out

    plan = study.plan
    if study.best_tree is None:
        return None
    repeats = min(plan.n_repeats, max(1, _EXPLAINED_ROWS // plan.cohort.y.size))
    with progress(repeats * plan.n_folds, what=f"folds of {study.best_tree.name} explained") as advance:
        parts = measure_held_out(
            plan,
            study.best_tree,
            repeats=repeats,
            measure=contributions,
            workers=options.workers,
            on_done=lambda _: advance(),
        )
    return contribution_table(parts, plan.cohort.rows["case_id"].tolist(), plan.cohort.features)


def _info(
    path: Path, table: Table, question: Question, options: Options, device: Device, study: Study
) -> RunInfo:
    from radiomics_mammo.explain.contributions import contribution_unit
    from radiomics_mammo.failures import failures_path, read_failures
    from radiomics_mammo.models import MODELS, arm_title
    from radiomics_mammo.models.runinfo import RunInfo

    cohort, failures = study.plan.cohort, failures_path(path)
    best_tree = study.best_tree
    asked = {name: value for name, value in asdict(options).items() if name != "workers"}
    return RunInfo(
        command={**asdict(question), **asked},
        table=str(path.absolute()),
        table_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        provenance=table.provenance,
        phantom=_phantom(table, cohort.rows),
        label=cohort.label,
        group=question.group,
        classes=list(cohort.classes),
        arms={arm.name: arm_title(arm) for arm in study.plan.arms},
        rows=int(cohort.y.size),
        people=int(cohort.group.max()) + 1,
        positives=int(cohort.y.sum()),
        features=len(cohort.features),
        seeds={"folds": options.seed, "models": options.seed, "bootstrap": options.seed},
        device={name: str(value) for name, value in asdict(device).items()},
        versions=_versions(),
        best=study.best.name if study.best else "",
        best_tree=best_tree.name if best_tree else "",
        contribution_unit=contribution_unit(boosted=MODELS[best_tree.model].boosted) if best_tree else "",
        remarks=list(cohort.remarks),
        notes=[*study.outcome.notes, *([device.note] if device.note else [])],
        failures=len(read_failures(failures)) if failures.is_file() else -1,
    )


def _versions() -> dict[str, str]:
    import imblearn
    import numpy as np
    import pandas as pd
    import shap
    import sklearn
    import xgboost

    modules = (np, pd, sklearn, imblearn, xgboost, shap)  # by module: xgboost comes under two package names
    found = {module.__name__: str(module.__version__) for module in modules}
    return {"python": platform.python_version(), **found}


def _phantom(table: Table, rows: pd.DataFrame) -> bool:
    marked = "phantom" in rows.columns and bool((rows["phantom"] == True).any())  # noqa: E712 (nulls, text)
    return marked or bool(table.provenance.get("phantom", False))


def _write(
    folder: Path, info: RunInfo, study: Study, contributions: pd.DataFrame | None, table: Path
) -> None:
    from radiomics_mammo.explain.contributions import importance
    from radiomics_mammo.failures import failures_path
    from radiomics_mammo.models import runfolder
    from radiomics_mammo.models.comparison import fold_table, prediction_table

    plan = study.plan
    runfolder.write_parquet(prediction_table(plan, study.outcome.p), folder / runfolder.PREDICTIONS)
    runfolder.write_parquet(fold_table(plan), folder / runfolder.FOLDS)
    runfolder.write_parquet(plan.cohort.rows, folder / runfolder.CASES)
    runfolder.write_csv(study.summary, folder / runfolder.SUMMARY)
    runfolder.write_csv(study.differences, folder / runfolder.DIFFERENCES)
    if contributions is not None:
        runfolder.write_parquet(contributions, folder / runfolder.CONTRIBUTIONS)
        top = importance(contributions).index[:_EXPLAINED_FEATURES].tolist()
        runfolder.write_parquet(plan.cohort.values(top), folder / runfolder.VALUES)
    if failures_path(table).is_file():
        shutil.copyfile(failures_path(table), folder / runfolder.FAILURES)
    write_bytes(folder / runfolder.INFO, info.to_json())


def _write_timings(folder: Path, seconds: dict[str, float], study: Study, options: Options) -> None:
    from radiomics_mammo.models.runfolder import TIMINGS

    record: dict[str, Any] = {
        "workers": options.workers,
        "stages_s": {name: round(value, 3) for name, value in seconds.items()},
        "models_s": {name: round(value, 3) for name, value in study.outcome.seconds.items()},
    }
    write_bytes(folder / TIMINGS, (json.dumps(record, indent=1) + "\n").encode())


def _say_plan(plan: Plan, table: Table, device: Device, options: Options) -> None:
    cohort = plan.cohort
    if _phantom(table, cohort.rows):
        say("PHANTOM: simulated images; the figures say nothing about patients.")
    negative, positive = cohort.classes
    say(
        f"{cohort.y.size} cases of {int(cohort.group.max()) + 1} people: {int(cohort.y.sum())} {positive}, "
        f"{int((cohort.y == 0).sum())} {negative}; {len(cohort.features)} features"
    )
    say(
        f"{plan.n_folds} folds x {plan.n_repeats} repeats, split by {cohort.group_column}; XGBoost on "
        f"{device.device}; {options.workers} workers"
    )
    for remark in (*cohort.remarks, *([device.note] if device.note else [])):
        say(f"note: {remark}")


def _say_result(out: Path, info: RunInfo, study: Study, seconds: dict[str, float]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Grid

    from radiomics_mammo.models.metrics import METRICS
    from radiomics_mammo.models.runfolder import INFO

    phantom = " (phantom)" if info.phantom else ""
    title = f"Out-of-fold values with 95% patient-bootstrap intervals{phantom}"
    # Narrow enough for 80 columns.
    grid = Grid(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1))
    grid.add_column("model", no_wrap=True)
    for metric in METRICS.values():
        grid.add_column(metric.heading, justify="right", width=9)
    for name in info.arms:
        rows = study.summary[study.summary["model"] == name]
        cells = [f"{row.value:.3f}\n{_brief(row.low)}–{_brief(row.high)}" for row in rows.itertuples()]
        grid.add_row(name, *cells)
    console.print(grid)
    for note in info.notes:
        say(f"note: {note}")
    say(", ".join(f"{stage} {value:.1f} s" for stage, value in seconds.items()))
    say(f"run: {out / INFO}")
    say(f"next: python -m radiomics_mammo.report {out}")


def _brief(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


if __name__ == "__main__":
    sys.exit(main())
