"""Parser that all commands share."""

from __future__ import annotations

import argparse


def command_parser(name: str, *, description: str | None, epilog: str = "") -> argparse.ArgumentParser:
    """Build the parser of one command; the text is shown as it is laid out.

    Parameters
    ----------
    name : str
        The module, as in ``python -m radiomics_mammo.NAME``.
    description, epilog : str
    """
    return argparse.ArgumentParser(
        prog=f"python -m radiomics_mammo.{name}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
