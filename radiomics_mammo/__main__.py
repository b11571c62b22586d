"""The console script ``radiomics-mammo COMMAND …``: the same as ``python -m radiomics_mammo.COMMAND …``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

COMMANDS = {
    "extract": "images and masks in, one feature table out",
    "embed": "images and masks in, one table of a frozen network's outputs out",
    "aggregate": "a table of images in, one of breasts or of women out",
    "compare": "feature tables in, models compared by patient-grouped cross-validation out",
    "predict": "new cases in, calibrated probabilities of a comparison's model out",
    "report": "a comparison in, one self-contained page out",
    "verify": "check that feature values are right on this machine, and how fast they are computed",
    "demo": "extract, embed, compare and report on simulated mammograms",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the first argument names.

    Returns
    -------
    int
        The command's exit code; 2 when there is no such command.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in COMMANDS:
        module = importlib.import_module(f"radiomics_mammo.{arguments[0]}")
        code: int = module.main(arguments[1:])
        return code
    asked = not arguments or arguments[0] in {"-h", "--help"}
    stream = sys.stdout if asked else sys.stderr
    if not asked:
        stream.write(f"radiomics-mammo: no command is called {arguments[0]!r}\n")
    lines = [f"  {name:<10} {meaning}" for name, meaning in COMMANDS.items()]
    stream.write("usage: radiomics-mammo COMMAND ...\n\n" + "\n".join(lines) + "\n\n")
    stream.write("radiomics-mammo COMMAND --help says more.\n")
    return 0 if asked and arguments else 2


if __name__ == "__main__":
    sys.exit(main())
