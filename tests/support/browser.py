"""A headless browser for tests of pages: open one, act on it, read back what it did and what it complained of."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

_QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars"]
_QUIET += ["--enable-logging=stderr", "--v=0", "--virtual-time-budget=20000"]
_ACT = """
<script>
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
(async () => {
  const out = {};
  try { %s } catch (error) { out.error = String(error); }
  parent.postMessage(JSON.stringify(out), "*");
})();
</script>
"""
_FRAME = """<!doctype html><html><body style="margin:0">
<iframe src="played.html" width="%d" height="900" style="border:0"></iframe>
<script>addEventListener("message", (event) => (document.body.dataset.found = event.data));</script></body></html>
"""
"""A frame, because a window of this browser is never narrower than 500 px."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A page after its scripts ran: its DOM as text, and what the console says."""

    dom: str
    console: list[str]


def opened(path: Path) -> Opened:
    """Open a page and wait until it is done."""
    command = [str(CHROMIUM), *_QUIET, f"--user-data-dir={path.parent / 'profile'}", "--window-size=1500,900"]
    done = subprocess.run(
        [*command, "--dump-dom", path.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return Opened(done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line])


def played(page: str, steps: str, folder: Path, *, width: int = 1400) -> dict[str, Any]:
    """Open a copy of a page, run JavaScript that fills ``out``, and give it back.

    The copy has no policy, so that the steps may run; the page as it is lets only its own script.
    """
    copy = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    (folder / "played.html").write_text(copy.replace("</body>", _ACT % steps + "</body>"), encoding="utf-8")
    frame = folder / "frame.html"
    frame.write_text(_FRAME % width, encoding="utf-8")
    dom = opened(frame).dom
    found = re.search(r'<body[^>]* data-found="([^"]*)"', dom)
    assert found, dom[-2_000:]
    out: dict[str, Any] = json.loads(unescape(found[1]))
    assert "error" not in out, out["error"]
    return out


def printed(path: Path, pdf: Path) -> None:
    """Print a page to PDF."""
    command = [str(CHROMIUM), *_QUIET, f"--user-data-dir={path.parent / 'profile'}", "--no-pdf-header-footer"]
    subprocess.run([*command, f"--print-to-pdf={pdf}", path.as_uri()], capture_output=True, timeout=120, check=True)
