"""Make a run's report: one self-contained HTML page, with the images of the most confident mistakes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_mammo.atomic import write_bytes
from radiomics_mammo.console import run_command, said_when_slow, say
from radiomics_mammo.errors import OutputError

if TYPE_CHECKING:
    from radiomics_mammo.explain.case_cards import Pictures
    from radiomics_mammo.models.run.runfolder import Run

EPILOG = """\
The page needs no network and no other file: open it in any browser. It is made from the run folder alone;
only the pictures of the most confident mistakes are read again from the images, through the reader that the
table was extracted with. Where they cannot be reached the page says so in the picture's place.

examples:
  python -m radiomics_mammo.report runs/mine                      writes runs/mine/report.html
  python -m radiomics_mammo.report runs/mine --out mine.html
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
    parser.add_argument("--out", type=Path, help="page to write (default: RUN/report.html, replaced if there)")
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
    return run_command(lambda: _report(args))


def _report(args: argparse.Namespace) -> int:
    from radiomics_mammo.catalogue import meaning
    from radiomics_mammo.explain.compose import compose, mistaken_cases
    from radiomics_mammo.explain.page import render
    from radiomics_mammo.models.run.results import read_results
    from radiomics_mammo.models.run.runfolder import REPORT, read_run

    if args.out is not None and args.out.exists() and not args.overwrite:
        raise OutputError("this file is there already", path=args.out, remedy="Replace it with --overwrite.")
    run = read_run(args.run)
    pictures = lesion_pictures(run, mistaken_cases(run))
    page = render(compose(run, pictures=pictures, meaning=meaning, results=read_results(args.run)))
    out = args.out or args.run / REPORT
    if not out.parent.is_dir():
        raise OutputError("there is no such folder", path=out.parent, remedy="Make it, or choose another --out.")
    write_bytes(out, page.encode("utf-8"))
    if run.info.phantom:
        say("PHANTOM: simulated images; the report says nothing about patients.")
    if pictures.problem:
        say(f"note: {pictures.problem}")
    say(f"report: {out.absolute()}")
    return 0


def lesion_pictures(run: Run, case_ids: Sequence[str]) -> Pictures:
    """Read a few cases again and draw them; whatever cannot be reached is said, never fatal.

    Parameters
    ----------
    run : Run
        Its provenance names the reader.
    case_ids : sequence of str
    """
    from radiomics_mammo.errors import RadiomicsMammoError
    from radiomics_mammo.explain.case_cards import Pictures
    from radiomics_mammo.explain.picture import lesion_picture
    from radiomics_mammo.readers import find_samples, open_reader

    described = run.info.provenance.get("reader")
    if not described:
        return Pictures({}, "The table does not say how its images are read, so there are no pictures.")
    try:
        with said_when_slow("reading the images of the most confident mistakes …"):
            samples = find_samples(open_reader(described), case_ids)
    except (RadiomicsMammoError, TypeError) as error:  # TypeError: a reader of another version's settings
        return Pictures({}, f"The images could not be reached: {error}")
    uris = {name: lesion_picture(one.image, one.mask) for name, one in samples.items() if one.mask.any()}
    missing = [name for name in case_ids if name not in uris]
    said = f"The images of {len(missing)} of {len(case_ids)} cases could not be read again." if missing else ""
    return Pictures(uris, said)


if __name__ == "__main__":
    sys.exit(main())
