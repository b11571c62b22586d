"""The whole path on simulated mammograms: a CBIS-DDSM tree, then extract, compare and report by command."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from radiomics_mammo.errors import RadiomicsMammoError
from radiomics_mammo.readers.phantom import PhantomReader
from radiomics_mammo.readers.phantom_tree import write_cbis_tree

PATIENTS = 60
INTERRUPTED = 130
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
        0, or the exit code of the step that failed; 130 after Ctrl-C.
    """
    arguments = _parser().parse_args(argv)
    console = Console(soft_wrap=True, highlight=False)
    out = Path(arguments.out)
    began = time.perf_counter()
    step = "phantom"
    try:
        reader = PhantomReader(patients=arguments.patients, seed=arguments.seed)
        _write_tree(reader, out / "cbis-ddsm", console)
        for step, command in _commands(out):
            console.print(f"\n$ {shlex.join(['python', *command])}", markup=False)
            code = _run([sys.executable, *command])
            if code == INTERRUPTED:
                return code  # the command has said so
            if code:
                console.print(f"demo: the step {step} failed (exit code {code}); see its message above.")
                return code
    except RadiomicsMammoError as error:
        Console(stderr=True, soft_wrap=True, highlight=False).print(f"demo: {error}", markup=False)
        return 2
    except KeyboardInterrupt:
        console.print(f"\ndemo: stopped during the step {step}; the same command starts again from there.")
        return INTERRUPTED
    report = (out / "runs" / "phantom" / "report.html").resolve()
    console.print(f"\nDone in {time.perf_counter() - began:.0f} s. The report:")
    console.print(str(report), markup=False)
    console.print(DISCLAIMER)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m radiomics_mammo.demo",
        description="Simulate mammograms with masses, write them as a CBIS-DDSM download, and run extract, "
        "compare and report on them, each as its own command. Nothing is downloaded.",
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
        help="people to simulate; each has one to several masses, each in two views (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=2026, metavar="S", help="which people they are (default: %(default)s)"
    )
    return parser


def _write_tree(reader: PhantomReader, root: Path, console: Console) -> None:
    began = time.perf_counter()
    written = write_cbis_tree(reader, root)
    what = f"{written} simulated mammograms written" if written else "simulated mammograms are there already"
    console.print(f"{root}: {what} ({time.perf_counter() - began:.0f} s)", markup=False)


def _commands(out: Path) -> list[tuple[str, list[str]]]:
    """Return the name of each step and its command line after ``python``."""
    tree, table, run = out / "cbis-ddsm", out / "tables" / "phantom.parquet", out / "runs" / "phantom"
    extract = ["cbis-ddsm", str(tree), "--recipe", "lesion", "--out", str(table)]
    compare = [str(table), "--label", "malignant", "--group", "patient_id", "--out", str(run)]
    # A table or run of other settings would be refused.
    extract += ["--overwrite"] if table.exists() else []
    compare += ["--overwrite"] if run.exists() else []
    steps = {"extract": extract, "compare": compare, "report": [str(run)]}
    return [(name, ["-m", f"radiomics_mammo.{name}", *rest]) for name, rest in steps.items()]


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
            if code != INTERRUPTED:
                raise
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
