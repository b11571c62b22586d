"""Pages that ``report`` writes."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from radiomics_mammo.cli.report_pictures import case_pictures
from radiomics_mammo.core.console import print_message
from radiomics_mammo.features.catalogue import meaning
from radiomics_mammo.reports.cases import wanted_pictures
from radiomics_mammo.reports.cases.case_page import case_page, check_case, pictures_of_case
from radiomics_mammo.reports.components.export import write_parts
from radiomics_mammo.reports.components.page import render
from radiomics_mammo.reports.run_comparison import run_comparison_page
from radiomics_mammo.reports.study import compose
from radiomics_mammo.runs.results import read_results
from radiomics_mammo.runs.run_files import REPORT
from radiomics_mammo.runs.run_folder import read_run
from radiomics_mammo.tables.atomic import write_bytes


def write_report(folder: Path, *, out: Path | None, parts: Path | None) -> int:
    """Write the report of a run and, where asked, its tables and figures as files."""
    run, results = read_run(folder), read_results(folder)
    pictures = case_pictures(run, wanted_pictures(run, results))
    page = compose(run, pictures=pictures, meaning=meaning, results=results)
    _write(out or folder / REPORT, render(page), phantom=run.info.phantom)
    if parts is not None:
        print_message(f"parts: {len(write_parts(page, parts))} files in {parts.absolute()}")
    return 0


def write_case_page(folder: Path, case: str, *, out: Path | None) -> int:
    """Write the page of one case; return the exit code."""
    run, results = read_run(folder), read_results(folder)
    check_case(run, case)
    pictures = case_pictures(run, pictures_of_case(run, results, case), large=True)
    page = case_page(run, results, case, pictures=pictures, meaning=meaning)
    _write(out or folder / f"case_{_file_name(case)}.html", page, phantom=run.info.phantom)
    return 0


def write_comparison_page(folder: Path, other: Path, *, out: Path | None) -> int:
    """Write the comparison of two runs; return the exit code."""
    first, second = read_run(folder), read_run(other)
    page = run_comparison_page(first, second, read_results(folder), read_results(other))
    out = out or folder / f"compared_with_{_file_name(other.resolve().name)}.html"
    _write(out, page, phantom=first.info.phantom or second.info.phantom)
    return 0


def _write(out: Path, page: str, *, phantom: bool) -> None:
    write_bytes(out, page.encode("utf-8"))
    if phantom:
        print_message("PHANTOM: simulated images; the report says nothing about patients.")
    print_message(f"report: {out.absolute()}")


def _file_name(name: str) -> str:
    """Return a name that is valid on any disk; different names stay different."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:100]
    return plain if plain == name else f"{plain}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
