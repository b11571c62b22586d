"""Short runs of the compare command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from radiomics_mammo.compare import main
from radiomics_mammo.runs.run_files import TIMINGS

QUICK = ("--folds", "2", "--repeats", "1", "--inner-folds", "2", "--bootstrap", "30", "--no-leakage")


def run(table: Path, out: Path, *options: str) -> int:
    """Run compare with few folds, one trial and no selection, unless the options say otherwise."""
    more = {"--trials": "1", "--select": "none", "--workers": "1"}
    given = [word for name, value in more.items() if name not in options for word in (name, value)]
    if "--minutes" in options:
        given = [word for word in given if word != "--trials"][1:]
    return main([str(table), "--out", str(out), *QUICK, *given, *options])


def exit_code(main: Callable[[Sequence[str]], int], words: Sequence[str]) -> int:
    """Return the exit code of a command, whether argparse or the command itself refuses the words."""
    try:
        return main(words)
    except SystemExit as end:
        return int(end.code or 0)


def skip_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the checks for leaks out, which have tests of their own."""
    result = {"check": "duplicates", "passed": True, "value": 0.0, "low": float("nan"), "high": float("nan")}
    monkeypatch.setattr(
        "radiomics_mammo.evaluation.leakage.checks.leakage_checks",
        lambda *_, **__: pd.DataFrame([{**result, "sentence": "Not checked."}]),
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Everything in a run folder but the clock."""
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name != TIMINGS}
