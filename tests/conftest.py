"""Fixtures that several test files share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A run in the background ignores Ctrl-C, and so would the commands that the tests start to interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def shared_data_folder() -> Path:
    """Where the real mammography data lies, whether or not it is there."""
    named = os.environ.get("RADIOMICS_MAMMO_DATA")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = shared_data_folder()
    if not folder.is_dir():
        pytest.skip(f"real mammography data not found at {folder}; set RADIOMICS_MAMMO_DATA")
    return folder
