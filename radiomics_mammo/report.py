"""Make a run's report: one self-contained HTML page. Or one case's page, or two runs side by side."""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from radiomics_mammo.core.console import print_message, run_command
from radiomics_mammo.errors import InputError, OutputError
from radiomics_mammo.tables.atomic import write_bytes

EPILOG = """\
The page needs no network and no other file: open it in any browser. It is made from the run folder alone;
only the pictures of the cases that it shows are read again from the images, through the reader that the
table was extracted with. Where they cannot be reached the page says so in the picture's place.

examples:
  python -m radiomics_mammo.report runs/mine                      writes runs/mine/report.html
  python -m radiomics_mammo.report runs/mine --parts parts        and every table as CSV, every figure as SVG
  python -m radiomics_mammo.report runs/mine --case ID            writes runs/mine/case_ID.html
  python -m radiomics_mammo.report runs/mine runs/other           writes runs/mine/compared_with_other.html
"""


def build_parser() -> argparse.ArgumentParser:
    """Build the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m radiomics_mammo.report",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder, written by compare")
    parser.add_argument("other", type=Path, metavar="OTHER", nargs="?", help="a second run, to compare with the first")
    parser.add_argument("--case", metavar="ID", help="write the page of this case instead")
    parser.add_argument(
        "--parts", type=Path, metavar="FOLDER", help="write the page's tables (CSV) and figures (SVG) there, too"
    )
    parser.add_argument("--out", type=Path, help="page to write (default: in the folder RUN, replaced if there)")
    parser.add_argument("--overwrite", action="store_true", help="replace the file named with --out")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns
    -------
    int
        0 when the page is written, 2 for wrong input or output, 130 for Ctrl-C.
    """
    args = build_parser().parse_args(argv)
    return run_command(lambda: _command(args))


def _command(args: argparse.Namespace) -> int:
    asked = {"a second run": args.other, "--case": args.case, "--parts": args.parts}
    given = [name for name, value in asked.items() if value is not None]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} do not go together", remedy="Ask for one page at a time.")
    _check_out(args.out, overwrite=args.overwrite)
    if args.other is not None:
        return _two_runs(args)
    return _report(args) if args.case is None else _case(args)


def _report(args: argparse.Namespace) -> int:
    from radiomics_mammo.cli.report_pictures import case_pictures
    from radiomics_mammo.features.catalogue import meaning
    from radiomics_mammo.reports.cases import wanted_pictures
    from radiomics_mammo.reports.components.page import render
    from radiomics_mammo.reports.study import compose
    from radiomics_mammo.runs.results import read_results
    from radiomics_mammo.runs.run_folder import REPORT, read_run

    run, results = read_run(args.run), read_results(args.run)
    pictures = case_pictures(run, wanted_pictures(run, results))
    page = compose(run, pictures=pictures, meaning=meaning, results=results)
    _write(args.out or args.run / REPORT, render(page), phantom=run.info.phantom)
    if args.parts is not None:
        from radiomics_mammo.reports.components.export import write_parts

        print_message(f"parts: {len(write_parts(page, args.parts))} files in {args.parts.absolute()}")
    return 0


def _case(args: argparse.Namespace) -> int:
    from radiomics_mammo.cli.report_pictures import case_pictures
    from radiomics_mammo.features.catalogue import meaning
    from radiomics_mammo.reports.cases.case_page import case_page, check_case, wanted_of_case
    from radiomics_mammo.runs.results import read_results
    from radiomics_mammo.runs.run_folder import read_run

    run, results = read_run(args.run), read_results(args.run)
    check_case(run, args.case)
    pictures = case_pictures(run, wanted_of_case(run, results, args.case), large=True)
    page = case_page(run, results, args.case, pictures=pictures, meaning=meaning)
    out = args.out or args.run / f"case_{_file_name(args.case)}.html"
    _write(out, page, phantom=run.info.phantom)
    return 0


def _two_runs(args: argparse.Namespace) -> int:
    from radiomics_mammo.reports.run_comparison import two_runs_page
    from radiomics_mammo.runs.results import read_results
    from radiomics_mammo.runs.run_folder import read_run

    first, second = read_run(args.run), read_run(args.other)
    page = two_runs_page(first, second, read_results(args.run), read_results(args.other))
    out = args.out or args.run / f"compared_with_{_file_name(args.other.resolve().name)}.html"
    _write(out, page, phantom=first.info.phantom or second.info.phantom)
    return 0


def _check_out(out: Path | None, *, overwrite: bool) -> None:
    """Refuse a named page that is there, or has no folder, before anything is read."""
    if out is None:
        return
    if out.exists() and not overwrite:
        raise OutputError("this file is there already", path=out, remedy="Replace it with --overwrite.")
    if not out.parent.is_dir():
        raise OutputError("there is no such folder", path=out.parent, remedy="Make it, or choose another --out.")


def _write(out: Path, page: str, *, phantom: bool) -> None:
    write_bytes(out, page.encode("utf-8"))
    if phantom:
        print_message("PHANTOM: simulated images; the report says nothing about patients.")
    print_message(f"report: {out.absolute()}")


def _file_name(name: str) -> str:
    """Write a name so that any disk takes it; names that would become one stay apart."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:100]
    return plain if plain == name else f"{plain}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


if __name__ == "__main__":
    sys.exit(main())
