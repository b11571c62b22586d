"""Compare models on a feature table with cross-validation grouped by person; write a run folder."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.console import complain, console, progress, run_command, say
from radiomics_mammo.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from radiomics_mammo.models.data.cohort import Question
    from radiomics_mammo.models.run.runinfo import RunInfo
    from radiomics_mammo.models.study import Options, Study
    from radiomics_mammo.models.training.crossval import Plan
    from radiomics_mammo.models.training.device import Device
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
A last column, data, says phantom where images were simulated, else real (cases.parquet: a column phantom).

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
    from radiomics_mammo.models.data.cohort import Question

    asked = Question()
    group = parser.add_argument_group("what is asked of the table")
    group.add_argument("--label", default=asked.label, help="column with the outcome (default: %(default)s)")
    group.add_argument(
        "--group",
        default=asked.group,
        help="column with the person; splits are made on it (default: %(default)s)",
    )
    group.add_argument("--positive", nargs="+", default=[], metavar="VALUE", help="values that count as 1, if not 0/1")
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
    from radiomics_mammo.models.study import Options
    from radiomics_mammo.models.training.device import DEVICES, TREE_METHODS

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
    from radiomics_mammo.models.data.cohort import Question

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
    from radiomics_mammo.explain.contributions import importance
    from radiomics_mammo.models.run.record import run_info, write_run, write_timings
    from radiomics_mammo.models.run.runfolder import new_run
    from radiomics_mammo.models.study import plan_study, run_study
    from radiomics_mammo.models.training.device import resolve_device
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
        with progress(len(plan.arms) * plan.fold_of.shape[0] * plan.n_folds, what="models trained") as advance:
            study = run_study(plan, options=options, on_done=lambda name: advance(note=name))
        seconds |= study.seconds
        started = time.perf_counter()
        contributions = _explain(study, options)
        seconds["explain"] = time.perf_counter() - started
        info = run_info(
            study,
            path=args.table,
            table=table,
            question=question,
            options=options,
            device=device,
            failures=_copy_failures(args.table, folder),
        )
        top = [] if contributions is None else importance(contributions).index[:_EXPLAINED_FEATURES].tolist()
        write_run(folder, info, study, contributions=contributions, top=top)
        write_timings(folder, stages=seconds, study=study, workers=options.workers)
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
    from radiomics_mammo.models.training.held_out import measure_held_out

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


def _copy_failures(table: Path, folder: Path) -> int:
    """Keep the failures table with the run and count its cases; -1 where extract left none."""
    from radiomics_mammo.failures import failures_path, read_failures
    from radiomics_mammo.models.run.runfolder import FAILURES

    path = failures_path(table)
    if not path.is_file():
        return -1
    count = len(read_failures(path))
    shutil.copyfile(path, folder / FAILURES)
    return count


def _say_plan(plan: Plan, table: Table, device: Device, options: Options) -> None:
    from radiomics_mammo.models.run.record import is_phantom

    cohort = plan.cohort
    if is_phantom(table, cohort.rows):
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

    from radiomics_mammo.models.run.runfolder import INFO
    from radiomics_mammo.models.statistics.metrics import METRICS

    phantom = " (phantom)" if info.phantom else ""
    title = f"Out-of-fold values with 95% patient-bootstrap intervals{phantom}"
    # Narrow enough for 80 columns.
    grid = Grid(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    grid.add_column("model", no_wrap=True, min_width=20)
    for metric in METRICS.values():
        grid.add_column(metric.heading, justify="right", width=9)
    for name in info.arms:
        rows = study.summary.loc[study.summary["model"] == name, ["value", "low", "high"]].to_numpy(float)
        cells = [f"{value:.3f}\n{_brief(low)}–{_brief(high)}" for value, low, high in rows]
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
