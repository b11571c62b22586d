"""Parser and checks that all commands share."""

from __future__ import annotations

import argparse
from pathlib import Path

from radiomics_mammo.core.console import run_command
from radiomics_mammo.core.crashes import survive_crashes
from radiomics_mammo.errors import OutputError

__all__ = ["check_file", "command_parser", "run_command", "survive_crashes"]


def command_parser(name: str, *, description: str | None, epilog: str = "") -> argparse.ArgumentParser:
    """Build the parser of one command; the text is shown as it is laid out."""
    return argparse.ArgumentParser(
        prog=f"python -m radiomics_mammo.{name}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def check_file(out: Path, *, overwrite: bool) -> None:
    """Check that a named file does not exist and its folder does, before anything is read."""
    if out.exists() and not overwrite:
        raise OutputError("this file exists", path=out, remedy="Replace it with --overwrite.")
    if not out.absolute().parent.is_dir():
        raise OutputError("there is no such folder", path=out.parent, remedy="Make it, or choose another --out.")
