"""Options of ``report``, and the text below its ``--help``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from radiomics_mammo.cli.command import check_file
from radiomics_mammo.core.option import option
from radiomics_mammo.errors import InputError

EPILOG = """\
The page needs no network and no other file: open it in any browser. It is made from the run folder only; the images
of the cases that it shows are read again through the reader of extract. Where they cannot be read the page says so.

examples:
  python -m radiomics_mammo.report runs/mine                      writes runs/mine/report.html
  python -m radiomics_mammo.report runs/mine --parts parts        and each table as CSV, each figure as SVG
  python -m radiomics_mammo.report runs/mine --case ID            writes runs/mine/case_ID.html
  python -m radiomics_mammo.report runs/mine runs/other           writes runs/mine/compared_with_other.html
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """Options of the command."""

    run: Path = option(positional=True, metavar="RUN", help="run folder, written by compare")
    other: Path | None = option(None, positional=True, metavar="OTHER", help="second run, to compare with the first")
    case: str | None = option(None, metavar="ID", help="write the page of this case instead")
    parts: Path | None = option(
        None, metavar="FOLDER", help="write the tables (CSV) and figures (SVG) of the page to this folder, too"
    )
    out: Path | None = option(None, metavar="FILE", help="page to write (default: in the folder RUN, replaced)")
    overwrite: bool = option(False, help="replace the file named with --out")

    def __post_init__(self) -> None:
        requests = {"a second run": self.other, "--case": self.case, "--parts": self.parts}
        given = [name for name, value in requests.items() if value is not None]
        if len(given) > 1:
            raise InputError(f"{' and '.join(given)} cannot be combined", remedy="Request one page at a time.")

    def check_output(self) -> None:
        """Check that the page can be written, before anything is read."""
        if self.out is not None:
            check_file(self.out, overwrite=self.overwrite)
