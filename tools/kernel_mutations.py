"""Do the tests see every mistake in a kernel? Plants them one at a time: ``python -m tools.kernel_mutations [name…]``.

For each file of kernels whose path contains one of the names (all without a name): every barrier is left out, every
index, offset, bound and start is shifted by one, and the tests of that file run on the host's devices until one of them
fails. Prints what survived; exits with 1 if that is not known to change nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from radiomics_mammo.compute.device import Source
from tests.support.cuhost import host_device
from tests.support.cuhost.host_device import HostDevice

TESTS = Path(__file__).parents[1] / "tests"
PACKAGE = TESTS.parent / "radiomics_mammo"
SIZES = ("features/cuda/test_cuda_sizes.py", "features/cuda/test_cuda_glrlm.py", "features/cuda/test_cuda_glszm.py")
TESTS_OF = {
    "compute/common.cuh": ("compute/test_cuda_upload.py", "features/cuda/test_cuda_neighbours.py"),
    "engines/upload.cu": ("compute/test_cuda_upload.py",),
    "compute/fold.cu": ("engines/test_cuda_engine.py::test_the_device_adds_in_the_host_s_order",),
    "features/shared/neighbours.cu": ("features/cuda/test_cuda_neighbours.py",),
    "features/shared/sizes.cu": SIZES,
    "features/shared/sizes.cuh": SIZES,
    "features/ngtdm/ngtdm.cu": ("features/cuda/test_cuda_neighbours.py",),
}
"""The tests of a file of kernels; of features/x/… otherwise test_cuda_x.py. The sanitizer's come last for all."""

EQUIVALENT = {
    "features/glcm/dense.cu": {
        ";  // lanes may read what others placed": "a shuffle orders the lanes, too, if not by CUDA's letter",
    },
    "features/shape2d/shape2d.cu": {
        "Point o = q < n_left ? left[q] : Point{right[(q - n_left) + 1].t, -right[q - n_left].x};": (
            "of the two farthest one is on the left: top and bottom are, and are farther from what lies right of both"
        ),
    },
    "engines/upload.cu": {
        "double per_step = 1.0 / (edges[1] - edges[(0) + 1]);": "a guess that the loops put right",
        "double per_step = 1.0 / (edges[(1) + 1] - edges[0]);": "a guess that the loops put right",
        "int64 level = (int64)((v - edges[(0) + 1]) * per_step) + 1;": "a guess that the loops put right",
    },
    "features/glcm/mcc.cu": {
        "for (int q = k - 1; q > 0 && beta[(q) + 1] >= 1e-300 && square <= 1e280; q--) {": (
            "the iteration ends before a beta is so small"
        ),
        "if (threadIdx.x == 0) beta[(k + 1) + 1] = b;": "the step before leaves about as much over",
        "square += (current * current) + 1;": "a test of convergence that is met a little sooner",
        "for (int s = threadIdx.x / 32; s < signs; s += (blockDim.x / 32) + 1) {": "two ends, two warps at least",
        "check += (check / 4) + 1;": "looked at a step later",
    },
    "features/shared/neighbours.cu": {
        "if (apart >= 0) atomicAdd(&difference[v * (n_offsets + 1) + near], (T)apart);": "adds nothing",
        "const int w = (int)roi.columns + 2 * pad, side = ((int)roi.bound + 1) + 1;": "a larger table, its end unused",
        "const int n_dependence = (side * (n_offsets + 2)) + 1, n_difference = side * (n_offsets + 1);": (
            "an unused entry between the tables"
        ),
        "const int n_dependence = side * (n_offsets + 2), n_difference = (side * (n_offsets + 1)) + 1;": (
            "an unused entry behind the tables"
        ),
        "if (n_dependence + n_difference >= min(own_entries, 2 * (tile.end - tile.begin))) {": (
            "both branches count the same"
        ),
        "for (int k = (threadIdx.x) + 1; k < n_dependence; k += blockDim.x)": "the first entry, level 0's, stays 0",
        "for (int k = threadIdx.x; k <= n_dependence; k += blockDim.x)": "the entry behind, level 0's, stays 0",
        "for (int k = (threadIdx.x) + 1; k < n_difference; k += blockDim.x)": "the first entry, level 0's, stays 0",
    },
    "features/ngtdm/ngtdm.cu": {
        "for (int64 level = (threadIdx.x) + 1; level <= bound; level += blockDim.x) pixels += count[level];": (
            "level 0 has no pixels"
        ),
        "for (int64 base = (0) + 1; base <= bound; base += blockDim.x) {": "level 0 has no pixels",
        "const int64 level = (base + threadIdx.x) + 1;": "level 0 has no pixels",
        "const int64 n = (n_distinct[blockIdx.x]) + 1;": "sums of a row that nobody reads",
        "for (int64 a = (int64)blockIdx.y * blockDim.x + threadIdx.x; a <= n; a += gridDim.y * blockDim.x) {": (
            "sums of a row that nobody reads"
        ),
        "for (int64 b = 0; b <= a; b++) {": "a level and itself add nothing",
        "for (int64 base = (0) + 1; base < n; base += 32) {": "the lowest level has no pairs with lower ones",
        "for (int64 base = 0; base <= n; base += 32) {": "adds nothing",
    },
}
"""Of each file, the lines as changed, and why nothing can come of it."""

SAME, NO_CODE, OTHER_TEXT = 0, 97, 98
HANGS = 60
"""Seconds of processor time beyond twice the tests' own after which a run counts as hanging."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A file of kernels with one mistake in it."""

    path: str
    number: int
    kind: str
    line: str
    sound: str
    text: str


def mutants(path: str) -> Iterator[Mutant]:
    """All mistakes that are planted in a file."""
    text = (PACKAGE / path).read_text(encoding="utf-8")
    code = re.sub(r"^#(?:.*\\\n)*.*|//.*", lambda m: re.sub(r"[^\n]", " ", m[0]), text, flags=re.MULTILINE)
    for kind, start, end, new in sorted(_changes(code), key=lambda change: change[1]):
        changed = text[:start] + new + text[end:]
        number = text.count("\n", 0, start) + 1
        yield Mutant(path, number, kind, changed.split("\n")[number - 1].strip(), text, changed)


def _changes(code: str) -> Iterator[tuple[str, int, int, str]]:
    for m in re.finditer(r"__sync(?:threads|warp)\([^)]*\)", code):
        yield "barrier", m.start(), m.end(), ""
    for m in re.finditer(r"(?<=[\w\])])\[", code):
        before = code[max(0, m.start() - 60) : m.start()]
        if not re.search(r"\b(?:u?int\d*|unsigned|double|char|short|bool|T|__shared__ \w+) \w+(?:\[\w+\])*$", before):
            yield _shifted("index", code, m.end())
    for m in re.finditer(r"([+-]) 1\b(?![.\w])", code):
        yield "plus or minus one", m.start(), m.end(), f"{m[1]} 0"
    for m in re.finditer(r" ([<>])(=?) ", code):
        yield "bound", m.start(), m.end(), f" {m[1]}{'' if m[2] else '='} "
    for m in re.finditer(r" \+= ", code):
        yield _shifted("step", code, m.end())
    for m in re.finditer(r"(?:\b(?:u?int(?:64|8)?|unsigned)|\*) (?:const )?\w+ = |, \w+ = ", code):
        yield _shifted("start", code, m.end())


def _shifted(kind: str, code: str, start: int) -> tuple[str, int, int, str]:
    """One more than the expression that begins here."""
    depth, end = 0, start
    while depth > 0 or code[end] not in ",;)]":
        depth += (code[end] in "([{") - (code[end] in ")]}")
        end += 1
    return kind, start, end, f"({code[start:end]}) + 1"


def plant(mutant: Mutant, scratch: str) -> None:
    """Let every device that is made from now on run the changed text, compiled in a folder of its own."""
    begin = f'#line 1 "{mutant.path}"\n'
    known: dict[str, str] = {}

    def edit(module: Source) -> str:
        if module.text not in known:
            known[module.text] = module.text.replace(begin + mutant.sound, begin + mutant.text)
            if begin in module.text and known[module.text] == module.text:
                os._exit(OTHER_TEXT)
        return known[module.text]

    compiled = host_device._library

    def library(text: str, sanitize: bool) -> Any:
        usual = tempfile.tempdir
        if text not in known:  # not the sound one, which others use, too
            tempfile.tempdir = scratch
        try:
            return compiled(text, sanitize)
        except SyntaxError:
            os._exit(NO_CODE)
        finally:
            tempfile.tempdir = usual

    host_device._library = library
    make = HostDevice.__init__

    def make_with_mistake(self: HostDevice, **given: Any) -> None:
        make(self, **{"edit": edit, **given})

    HostDevice.__init__ = make_with_mistake  # type: ignore[method-assign]


def run_tests(path: str) -> int:
    """Run the tests of a file of kernels until one fails; gives pytest's status."""
    own = TESTS_OF.get(path) or (f"features/cuda/test_cuda_{Path(path).parent.name}.py",)
    names = (*own, "compute/test_cuda_sanitizer.py::test_all_kernels_are_clean")
    quick = ("-x", "-qq", "-p", "no:cacheprovider", "-m", "not gpu and not slow")
    late = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # some modules are imported already
    return int(pytest.main([*quick, *late, *(str(TESTS / name) for name in names)]))


def fork(mutant: Mutant, limit: int, scratch: str) -> int:
    """Start the tests with a mistake in a process of their own, which has all imports and the sound kernels already."""
    child = os.fork()
    if child:
        return child
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    plant(mutant, scratch)
    os._exit(run_tests(mutant.path))


def outcome(status: int) -> str:
    """What became of a mistake, in a word."""
    code = os.waitstatus_to_exitcode(status)
    return {SAME: "SURVIVED", NO_CODE: "no code", OTHER_TEXT: "not planted", -signal.SIGXCPU: "killed (hangs)"}.get(
        code, f"killed (signal {-code})" if code < 0 else "killed"
    )


def try_all(todo: list[Mutant], jobs: int, limit: int, scratch: str) -> list[tuple[Mutant, str]]:
    """Plant every mistake, so many at a time."""
    running: dict[int, Mutant] = {}
    done = []
    queue = iter(todo)
    while True:
        while len(running) < jobs and (mutant := next(queue, None)):
            running[fork(mutant, limit, scratch)] = mutant
        if not running:
            return done
        child, status = os.wait()
        mutant = running.pop(child)
        done.append((mutant, outcome(status)))
        if not done[-1][1].startswith("killed"):
            why = EQUIVALENT.get(mutant.path, {}).get(mutant.line, "")
            print(f"  {mutant.number:4}  {mutant.kind:17}  {done[-1][1]}  {mutant.line}  {why}", flush=True)


def main() -> int:
    """Plant mistakes in the files that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--kind", help="only mistakes of a kind: barrier, index, bound, step, start, plus or minus one")
    parser.add_argument("--trust", action="store_true", help="do not run the tests without a mistake first")
    parser.add_argument("--list", action="store_true", help="print the mistakes, plant none")
    options = parser.parse_args()
    settings.register_profile(
        "mutations", derandomize=True, database=None, phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    settings.load_profile("mutations")
    paths = sorted(p.relative_to(PACKAGE).as_posix() for kind in ("*.cu", "*.cuh") for p in PACKAGE.rglob(kind))
    survivors = 0
    for path in paths:
        if options.names and not any(name in path for name in options.names):
            continue
        todo = [mutant for mutant in mutants(path) if options.kind in (None, mutant.kind)]
        if options.list:
            for m in todo:
                print(f"{path}:{m.number}  {m.kind:17}  {m.line}")
            continue
        start, used = time.monotonic(), time.process_time()
        if todo and not options.trust and run_tests(path) != SAME:
            print(f"{path}: its tests fail without a mistake")
            return 1
        limit = int(2 * (time.process_time() - used)) + HANGS
        print(f"{path}: {len(todo)} mistakes", flush=True)
        scratch = tempfile.mkdtemp(prefix="kernel-mutations-")
        found = try_all(todo, options.jobs, limit, scratch)
        shutil.rmtree(scratch)
        counts = Counter(what for _, what in found)
        survivors += sum(what == "SURVIVED" and m.line not in EQUIVALENT.get(m.path, {}) for m, what in found)
        print(
            f"  {', '.join(f'{n} {what}' for what, n in counts.items())}  ({time.monotonic() - start:.0f} s)",
            flush=True,
        )
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main())
