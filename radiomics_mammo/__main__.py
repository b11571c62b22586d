"""Console script ``radiomics-mammo COMMAND ...``, the same as ``python -m radiomics_mammo.COMMAND ...``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from functools import partial

COMMANDS = {
    "extract": "compute radiomic features of images and masks: one table",
    "embed": "compute the outputs of a frozen network: one table",
    "aggregate": "aggregate a table of images to breasts or patients",
    "compare": "compare models on feature tables by patient-grouped cross-validation",
    "predict": "score new cases with the final, calibrated model of a comparison",
    "report": "write the report of a comparison as one self-contained page",
    "verify": "check that feature values are right on this machine, and measure the speed",
    "demo": "run extract, embed, compare and report on simulated mammograms",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the first argument names; return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments and arguments[0] in COMMANDS:
        module = importlib.import_module(f"radiomics_mammo.{arguments[0]}")
        from radiomics_mammo.core.crashes import survive_crashes

        command: Callable[[], int] = partial(module.main, arguments[1:])
        # Only they read files of others in a long run; tests give argv, and want no child.
        return survive_crashes(command) if argv is None and arguments[0] in ("extract", "embed") else command()
    help_requested = not arguments or arguments[0] in {"-h", "--help"}
    stream = sys.stdout if help_requested else sys.stderr
    if not help_requested:
        stream.write(f"radiomics-mammo: there is no command {arguments[0]!r}\n")
    lines = [f"  {name:<10} {meaning}" for name, meaning in COMMANDS.items()]
    stream.write("usage: radiomics-mammo COMMAND ...\n\n" + "\n".join(lines) + "\n\n")
    stream.write("radiomics-mammo COMMAND --help shows its options.\n")
    return 0 if help_requested and arguments else 2


if __name__ == "__main__":
    sys.exit(main())
