"""Fingerprints notice what matters, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from radiomics_mammo.core.records import Case
from radiomics_mammo.extraction.backends import processes
from radiomics_mammo.extraction.fingerprint import case_fingerprint, input_fingerprint


@dataclass(frozen=True)
class Source:
    path: Path
    names: tuple[str, ...] = ("a", "b")
    tags: frozenset[str] = frozenset({"x", "y", "z"})
    extra: object = None


def case_of(path: Path, **changes: object) -> Case:
    return Case("case", "P_1", {"side": "LEFT", "age": 1.5}, replace(Source(path), **changes))  # type: ignore[arg-type]


def test_everything_that_makes_a_row_counts(tmp_path: Path) -> None:
    image = tmp_path / "image.png"
    image.write_bytes(b"12345")
    other = tmp_path / "other.png"
    other.write_bytes(b"12345")
    base = case_of(image)
    variants = [
        base,
        replace(base, case_id="case2"),
        replace(base, patient_id="P_2"),
        replace(base, columns={"side": "RIGHT", "age": 1.5}),
        replace(base, columns={"side": "LEFT", "age": 1.5000001}),
        case_of(other),
        case_of(tmp_path / "absent.png"),
        case_of(image, names=("b", "a")),
        case_of(image, tags=frozenset({"x"})),
        case_of(image, extra=str(other)),
        case_of(image, extra=np.arange(3)),
        case_of(image, extra=np.arange(3.0)),
        case_of(image, extra=[np.float64(1)]),
        case_of(image, extra={"key": None}),
    ]
    assert len({case_fingerprint(case) for case in variants}) == len(variants)
    before = case_fingerprint(base)
    image.write_bytes(b"123456")
    assert case_fingerprint(base) != before


def test_a_moved_file_counts_as_the_same(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "image.png").write_bytes(b"12345")
    found = {case_fingerprint(case_of(tmp_path / folder / "image.png")) for folder in ("a", "b")}
    assert len(found) == 1


def test_it_is_the_same_in_every_process() -> None:
    program = (
        "from radiomics_mammo.extraction.fingerprint import case_fingerprint; "
        "from radiomics_mammo.core.records import Case; "
        "print(case_fingerprint(Case('a', 'p', {'x': 0.1}, frozenset({'k', 'l', 'm', 'n'}))))"
    )
    root = Path(__file__).resolve().parents[2]
    said = {
        subprocess.run(
            [sys.executable, "-c", program], cwd=root, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_what_has_no_stable_form_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot be fingerprinted"):
        case_fingerprint(Case("a", "p", {}, object()))


def test_the_inputs_fingerprint_depends_on_the_order() -> None:
    assert input_fingerprint(["a", "b"]) != input_fingerprint(["b", "a"])
    assert input_fingerprint([]) == input_fingerprint(iter(()))


@pytest.mark.parametrize(("said", "cores"), [("200000 100000", 2), ("50000 100000", 1), ("max 100000", 8), ("", 8)])
def test_default_workers_know_a_containers_share(monkeypatch: pytest.MonkeyPatch, said: str, cores: int) -> None:
    monkeypatch.setattr(processes.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: said)
    assert processes.default_workers() == cores
