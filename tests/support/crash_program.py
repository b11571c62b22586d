"""A program for the crash tests: the toy reader and engine through the real run, slowly."""

from __future__ import annotations

import sys
from pathlib import Path

from radiomics_mammo.core.console import run_command
from radiomics_mammo.extraction.run import Options, extract_table
from tests.support.reader_and_engine import ToyReader, toy_setup

WRONG = ((3, "read"), (17, "labels"), (30, "one label bad"), (41, "nan"))


def main() -> int:
    out, size, pause_s, workers = sys.argv[1:5]
    reader = ToyReader(size=int(size), wrong=WRONG, pause_s=float(pause_s))
    if len(sys.argv) > 5:  # fill the disk: no file may grow beyond so many bytes
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[5]), resource.RLIM_INFINITY))
    options = Options(Path(out), workers=int(workers))

    def body() -> int:
        extract_table(reader, setup=toy_setup(), options=options)
        return 0

    return run_command(body)


if __name__ == "__main__":
    sys.exit(main())
