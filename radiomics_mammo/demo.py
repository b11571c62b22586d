"""The whole path on simulated mammograms: a CBIS-DDSM tree, then extract, embed, compare and report by command."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from radiomics_mammo.core.console import EXIT_INTERRUPTED, print_error, print_message, progress, run_command
from radiomics_mammo.readers.phantom.reader import PhantomReader
from radiomics_mammo.readers.phantom.write_cbis_ddsm import write_cbis_tree

PATIENTS = 40
MODELS = (
    "prevalence,size,logistic,xgboost,xgboost+oversampling,xgboost+smote,"
    "probe,emb-logistic,head,fusion-xgboost,average,stack"
)
MEMBERS = "logistic,xgboost+oversampling,emb-logistic"
"""With one setting each: a demonstration is over in a minute or two; compare's own default takes longer."""
DISCLAIMER = "phantom: not clinical performance"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demonstration.

    Parameters
    ----------
    argv : sequence of str, optional
        The command line without the program's name.

    Returns
    -------
    int
        0, or the exit code of the step that failed; 2 when it cannot start, 130 after Ctrl-C.
    """
    arguments = _parser().parse_args(argv)
    return run_command(lambda: _demonstrate(arguments))


def _demonstrate(arguments: argparse.Namespace) -> int:
    out = Path(arguments.out)
    began = time.perf_counter()
    step = "phantom"
    try:
        reader = PhantomReader(patients=arguments.patients, seed=arguments.seed)
        anew = _write_tree(reader, out / "cbis-ddsm")
        for step, command in _commands(out, anew=anew):
            print_message(f"\n$ {shlex.join(['python', *command])}")
            code = _run([sys.executable, *command])
            if code == EXIT_INTERRUPTED:
                raise KeyboardInterrupt
            if code:
                print_error(f"demo: the step {step} failed (exit code {code}); its own message is above.")
                return code
    except KeyboardInterrupt:
        print_message(f"demo: stopped during the step {step}; the same command goes on from there.")
        return EXIT_INTERRUPTED
    print_message(f"\nDone in {time.perf_counter() - began:.0f} s. The report:")
    print_message(str((out / "runs" / "phantom" / "report.html").resolve()))
    print_message(DISCLAIMER)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m radiomics_mammo.demo",
        description="Simulate mammograms with masses, write them as a CBIS-DDSM download, and run extract, "
        "embed, compare and report on them, each as its own command. Nothing is downloaded.",
        epilog="Simulated pictures show that the path works; their results say nothing about real lesions.",
    )
    parser.add_argument(
        "--out", default="demo", metavar="FOLDER", help="where everything is written (default: %(default)s)"
    )
    parser.add_argument(
        "--patients",
        type=int,
        default=PATIENTS,
        metavar="N",
        help="patients to simulate; each has one to several masses, each in two views (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=2026, metavar="S", help="which patients they are (default: %(default)s)"
    )
    return parser


def _write_tree(reader: PhantomReader, root: Path) -> bool:
    """Write the phantom if it is not there yet; return whether anything was written."""
    began = time.perf_counter()
    print_message(f"phantom: simulating the mammograms of {reader.patients} patients, seed {reader.seed}")
    pictures = len({(case.patient_id, case.columns["laterality"], case.columns["view"]) for case in reader.cases()})
    with progress(pictures, what="mammograms") as advance:
        written = write_cbis_tree(reader, root, on_picture=lambda *_: advance())
    seconds = time.perf_counter() - began
    print_message(
        f"{root}: " + (f"{written} written in {seconds:.0f} s" if written else f"{pictures} are there already")
    )
    return written > 0


def _commands(out: Path, *, anew: bool) -> list[tuple[str, list[str]]]:
    """Return the name of each step and its command line after ``python``.

    A table or run of an earlier demonstration is replaced; a table that was cut short goes on, unless the
    pictures are others (``anew``).
    """
    tree, run = out / "cbis-ddsm", out / "runs" / "phantom"
    table, embedded = (out / "tables" / f"{name}.parquet" for name in ("phantom", "phantom_emb"))
    extract = ["cbis-ddsm", str(tree), "--recipe", "lesion", "--out", str(table), *_again(table, anew=anew)]
    embed = ["cbis-ddsm", str(tree), "--out", str(embedded), *_again(embedded, anew=anew)]
    compare = [str(table), str(embedded), "--label", "malignant", "--group", "patient_id", "--out", str(run)]
    compare += ["--models", MODELS, "--members", MEMBERS, "--trials", "1", "--select", "none"]
    compare += ["--overwrite"] if run.exists() else []
    steps = {"extract": extract, "embed": embed, "compare": compare, "report": [str(run)]}
    return [(name, ["-m", f"radiomics_mammo.{name}", *rest]) for name, rest in steps.items()]


def _again(table: Path, *, anew: bool) -> list[str]:
    return ["--overwrite"] if table.exists() or (anew and any(table.parent.glob(f"{table.name}*"))) else []


def _run(command: list[str]) -> int:
    """Run a command to its end; Ctrl-C reaches it too, and it is given the time to stop by itself."""
    with subprocess.Popen(command) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            try:
                code = process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            if code != EXIT_INTERRUPTED:
                raise
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
