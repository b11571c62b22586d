"""Peak memory of this process."""

from __future__ import annotations

import resource
import sys
from pathlib import Path


def peak_rss() -> float:
    """Return the peak resident memory, MB.

    Linux' ``getrusage`` counts what the parent held when it started this process; the kernel's own high-water mark
    begins anew with the program.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    arrays = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return arrays / (1024**2 if sys.platform == "darwin" else 1024)
