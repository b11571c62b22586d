"""Steps of ``demo``."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from pathlib import Path

from radiomics_mammo.core.console import EXIT_INTERRUPTED, print_error, print_message, progress
from radiomics_mammo.readers.phantom.reader import PhantomReader
from radiomics_mammo.readers.phantom.write_cbis_ddsm import write_cbis_tree

MODELS = (
    "prevalence,size,logistic,xgboost,xgboost+oversampling,xgboost+smote,"
    "probe,emb-logistic,head,fusion-xgboost,average,stack"
)
MEMBERS = "logistic,xgboost+oversampling,emb-logistic"
"""With one trial each the demonstration takes a minute or two."""
DISCLAIMER = "phantom: not clinical performance"


def run_demo(out: Path, *, patients: int, seed: int) -> int:
    """Write simulated images and run the commands on them; return the exit code."""
    started = time.perf_counter()
    step = "phantom"
    try:
        new_images = _write_tree(PhantomReader(patients=patients, seed=seed), out / "cbis-ddsm")
        for step, command in _commands(out, new_images=new_images):
            print_message(f"\n$ {shlex.join(['python', *command])}")
            code = _run([sys.executable, *command])
            if code == EXIT_INTERRUPTED:
                raise KeyboardInterrupt
            if code:
                print_error(f"demo: the step {step} failed (exit code {code}); its message is above.")
                return code
    except KeyboardInterrupt:
        print_message(f"demo: stopped during the step {step}; the same command resumes from there.")
        return EXIT_INTERRUPTED
    print_message(f"\nDone in {time.perf_counter() - started:.0f} s. The report:")
    print_message(str((out / "runs" / "phantom" / "report.html").resolve()))
    print_message(DISCLAIMER)
    return 0


def _write_tree(reader: PhantomReader, root: Path) -> bool:
    """Write the images if they are not there yet; return whether any was written."""
    started = time.perf_counter()
    print_message(f"simulating the mammograms of {reader.patients} patients, seed {reader.seed}")
    images = len({(case.patient_id, case.columns["laterality"], case.columns["view"]) for case in reader.cases()})
    with progress(images, what="mammograms") as advance:
        written = write_cbis_tree(reader, root, on_picture=lambda *_: advance())
    seconds = time.perf_counter() - started
    print_message(f"{root}: " + (f"{written} written in {seconds:.0f} s" if written else f"{images} are there already"))
    return written > 0


def _commands(out: Path, *, new_images: bool) -> list[tuple[str, list[str]]]:
    """List the name of each step and its command line after ``python``.

    A table or run of an earlier demonstration is replaced; an incomplete table is resumed, unless the images are new.
    """
    tree, run = out / "cbis-ddsm", out / "runs" / "phantom"
    table, embedded = (out / "tables" / f"{name}.parquet" for name in ("phantom", "phantom_emb"))
    extract = [
        "cbis-ddsm",
        str(tree),
        "--recipe",
        "lesion",
        "--out",
        str(table),
        *_overwrite(table, new_images=new_images),
    ]
    embed = ["cbis-ddsm", str(tree), "--out", str(embedded), *_overwrite(embedded, new_images=new_images)]
    compare = [str(table), str(embedded), "--label", "malignant", "--group", "patient_id", "--out", str(run)]
    compare += ["--models", MODELS, "--members", MEMBERS, "--trials", "1", "--select", "none"]
    compare += ["--overwrite"] if run.exists() else []
    steps = {"extract": extract, "embed": embed, "compare": compare, "report": [str(run)]}
    return [(name, ["-m", f"radiomics_mammo.{name}", *rest]) for name, rest in steps.items()]


def _overwrite(table: Path, *, new_images: bool) -> list[str]:
    return ["--overwrite"] if table.exists() or (new_images and any(table.parent.glob(f"{table.name}*"))) else []


def _run(command: list[str]) -> int:
    """Run a command; after Ctrl-C, which it receives too, wait until it has stopped."""
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
