"""Score new cases with the chosen, calibrated model of a comparison."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from radiomics_mammo.core.console import EXIT_ALL_FAILED, print_error, print_message, print_table, run_command
from radiomics_mammo.errors import CaseError, InputError, OutputError

if TYPE_CHECKING:
    import pandas as pd

    from radiomics_mammo.prediction.score import Scored
    from radiomics_mammo.runs.model_metadata import Certificate, ModelFacts
    from radiomics_mammo.runs.saved_model import SavedModel
    from radiomics_mammo.tables.feature_table import Table

SHOWN = 20
"""Rows on screen; --out has them all."""
_COLUMNS = ("case", "patient", "score", "p", "call", "p of patient", "verdict on patient", "out of range", "trained on")
_NUMBERS = ("score", "p", "p of patient", "out of range")
EPILOG = """\
what comes out (one row a unit of prediction: lesion, image, breast or patient, as the model was trained):
  score                the model's own, before calibration
  p                    calibrated probability. It starts from the share of positives among the training patients
                       (training_prevalence, beside it): where the disease is rarer or commoner it is off
  call                 the class at the operating threshold that compare chose
  p_patient, verdict    of the patient, not of the row: p_patient is the highest p of all her units in the table, and
                       the verdict is by it and the certified threshold: rule-out, the abstention band (a patient
                       decides), or positive. It is the same in all her rows, and holds only if the table has all of
                       her units. Where nobody is named, or a row of hers could not be scored, nothing is ruled out.
                       The certificate is of the training procedure on out-of-fold predictions of patients like
                       those it was trained on; other machines and other patients are not covered
  out_of_range         features outside the values that the model has seen, with their names: do not trust p
  in_training, remark  the patient was trained on: not an independent prediction

A table made with another recipe or engine is refused. A CSV or another tool's table does not say how it was
made: --trust-table takes your word that its features are defined as the model's are. For research; not a
medical device.

examples:
  python -m radiomics_mammo.predict runs/mine --table new.parquet
  python -m radiomics_mammo.predict runs/mine --table new.parquet --out predictions.csv
  python -m radiomics_mammo.predict runs/mine --table radiomics.parquet clinical.csv --sensitivity 0.9
  python -m radiomics_mammo.predict runs/mine --image lesion.dcm --mask mask.png --label 2
  python -m radiomics_mammo.predict runs/rsna --image mammogram.dcm

exit codes: 0 there are predictions (failures are said), 1 every case failed, 2 an error, said in one line,
130 stopped by Ctrl-C, 143 by SIGTERM
"""


def build_parser() -> argparse.ArgumentParser:
    """Build the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m radiomics_mammo.predict",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder, written by compare")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--table", type=Path, nargs="+", metavar="TABLE", help="feature table(s), joined on case_id as in compare"
    )
    source.add_argument(
        "--image", type=Path, metavar="I", help="one image, measured with the model's recipe and networks"
    )
    _add_image(parser)
    parser.add_argument("--weights", type=Path, metavar="FILE", help="the network's file, if the model has one")
    parser.add_argument("--engine", choices=("auto", "cpu", "cuda"), default="auto", help="what measures the image")
    parser.add_argument(
        "--sensitivity",
        type=float,
        metavar="S",
        help="of the certificate that verdicts are by (default: the one that compare was asked for)",
    )
    parser.add_argument(
        "--trust-table", action="store_true", help="take a table that does not say with which recipe it was made"
    )
    parser.add_argument("--out", type=Path, help="write all predictions: .csv or .parquet")
    parser.add_argument("--overwrite", action="store_true", help="replace the file named with --out")
    return parser


def _add_image(parser: argparse.ArgumentParser) -> None:
    """What goes with --image."""
    parser.add_argument(
        "--mask",
        type=Path,
        metavar="M",
        help="its mask; any value but 0 counts unless --label. None for a model of whole breasts, which are found",
    )
    parser.add_argument("--label", type=int, metavar="N", help="the mask's value that is the region")
    parser.add_argument("--spacing", type=float, metavar="MM", help="pixel spacing, where the image does not say")
    parser.add_argument(
        "--laterality", choices=("LEFT", "RIGHT"), default="", help="of a whole breast, where its file does not say"
    )
    parser.add_argument("--view", type=str.upper, default="", metavar="CC|MLO|…", help="likewise")
    parser.add_argument("--patient", default="", metavar="ID", help="whose image it is, to know if she was trained on")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns
    -------
    int
        As ``--help`` says.
    """
    args = build_parser().parse_args(argv)
    return run_command(lambda: _predict(args))


def _predict(args: argparse.Namespace) -> int:
    from radiomics_mammo.prediction.score import choose_certificate, score_table
    from radiomics_mammo.runs.results import read_patients
    from radiomics_mammo.runs.saved_model import INFO, MODEL, load_model

    _check_options(args)
    if not args.run.is_dir():
        raise InputError("there is no such run folder", path=args.run, remedy="Run compare first, or check the path.")
    folder = args.run if (args.run / INFO).is_file() else args.run / MODEL
    model = load_model(folder)
    certificate = choose_certificate(model.facts, target=args.sensitivity)
    try:
        table = _measured(args, model) if args.image else _read(args, model)
    except CaseError as error:
        print_error(f"error: {error}")
        return EXIT_ALL_FAILED
    trained = read_patients(folder.parent)
    scored = score_table(model, table, certificate=certificate, training_patients=trained, single=bool(args.image))
    _write(args.out, scored)
    _show(scored, model, certificate, out=args.out)
    return 0 if len(scored.predictions) else EXIT_ALL_FAILED


def _check_options(args: argparse.Namespace) -> None:
    if args.mask is not None and args.image is None:
        raise InputError("a mask needs its image", remedy="Give --image I --mask M.")
    given = (args.label is not None, args.spacing is not None, args.patient, args.laterality, args.view)
    if args.table and any(given):
        raise InputError(
            "--label, --spacing, --patient, --laterality and --view are for --image",
            remedy="Leave them out with --table.",
        )
    if args.out is None:
        return
    if args.out.suffix.lower() not in (".csv", ".parquet"):
        raise OutputError(
            "is neither CSV nor Parquet", path=args.out, remedy="Name a file that ends in .csv or .parquet."
        )
    if args.out.exists() and not args.overwrite:
        raise OutputError("this file is there already", path=args.out, remedy="Replace it with --overwrite.")
    if not args.out.absolute().parent.is_dir():
        raise OutputError("there is no such folder", path=args.out.parent, remedy="Make it, or choose another --out.")


def _read(args: argparse.Namespace, model: SavedModel) -> Table:
    from radiomics_mammo.evaluation.cohort.join import read_joined
    from radiomics_mammo.prediction.score import check_table

    table = read_joined(args.table)
    check_table(model.facts, table, trusted=args.trust_table, path=args.table[0])
    return table


def _measured(args: argparse.Namespace, model: SavedModel) -> Table:
    from dataclasses import fields

    from radiomics_mammo.prediction.measure_image import ImageRequest, measure_image

    request = ImageRequest(**{each.name: getattr(args, each.name) for each in fields(ImageRequest)})
    return measure_image(model.facts, request)


def _write(out: Path | None, scored: Scored) -> None:
    if out is None:
        return
    from radiomics_mammo.runs.run_folder import write_table
    from radiomics_mammo.tables.failures import failures_path

    write_table(scored.predictions, out)
    if len(scored.failures):
        write_table(scored.failures, failures_path(out))


def _show(scored: Scored, model: SavedModel, certificate: Certificate | None, *, out: Path | None) -> None:
    from radiomics_mammo.prediction.score import by_verdict

    for warning in scored.warnings:
        print_error(f"warning: {warning}")
    for case, cause in scored.failures[["case_id", "cause"]].head(SHOWN).itertuples(index=False):
        print_error(f"failed: {case}: {cause}")
    found = scored.predictions
    if len(found):
        print_table(_table(found.head(SHOWN), model.facts))
    if len(found) > SHOWN:
        print_message(f"… and {len(found) - SHOWN} more" + ("." if out else "; --out FILE.csv writes them all."))
    _print_model(model, certificate)
    for name, n in by_verdict(found).items():
        print_message(f"  {n} of {len(found)} predictions: {name}")
    if out is not None:
        print_message(f"predictions: {out.absolute()}")


def _print_model(model: SavedModel, certificate: Certificate | None) -> None:
    facts = model.facts
    print_message(
        f"{facts.title}; {facts.classes[1]} at p ≥ {model.fitted.threshold:.3f} ({facts.operating}). Probabilities "
        f"start from {100 * facts.prevalence:.1f}% {facts.classes[1]} among {facts.units} training units "
        f"({facts.unit}) of {facts.patients} patients."
    )
    if facts.phantom:
        print_message("PHANTOM: trained on simulated images.")
    if certificate is not None and certificate.threshold is not None:
        upper = "no upper threshold" if certificate.upper is None else f"positive from {certificate.upper:.3f}"
        print_message(
            f"Certified {certificate.title}: a patient is ruled out whose highest p is below "
            f"{certificate.threshold:.3f}; {upper}."
        )


def _table(found: pd.DataFrame, facts: ModelFacts) -> Any:
    from rich.table import Table as RichTable

    table = RichTable(title="Predictions" + (" (phantom)" if facts.phantom else ""))
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in _NUMBERS else "left", overflow="fold")
    for row in found.to_dict("records"):
        outside = f"{row['out_of_range']}" + (f": {row['out_of_range_features']}" if row["out_of_range"] else "")
        said = [row["case_id"], row["patient_id"], f"{row['score']:.3f}", f"{row['p']:.3f}", row["call"]]
        patient = "" if math.isnan(row["p_patient"]) else f"{row['p_patient']:.3f}"
        more = (patient, row["verdict"], outside, "yes" if row["remark"] else "")
        table.add_row(*[_text(cell) for cell in (*said, *more)])
    return table


def _text(cell: str) -> Any:
    from rich.text import Text

    return Text(str(cell))  # never markup: ids come from files


if __name__ == "__main__":
    sys.exit(main())
