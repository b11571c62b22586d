"""A reader and an engine small enough to check by hand, for the tests of the table and of the command.

The values are mean, standard deviation and size of the region; a case can be told to go wrong in many ways.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from radiomics_mammo.core.records import Case, Failure, Sample, Scalar
from radiomics_mammo.engines.base import Engine, Limits, Measured, WarmUp
from radiomics_mammo.errors import EngineError, MaskError, ReadError, RoiError
from radiomics_mammo.extraction.run import Setup

FEATURES = ("original_firstorder_Mean", "original_firstorder_Std", "original_shape2D_Size")


@dataclass(frozen=True)
class ToyRecipe:
    name: str = "toy"
    text: str = "toy: 1\n"
    hash: str = "0123456789abcdef"


@dataclass(frozen=True)
class ToySource:
    number: int
    path: str = ""


@dataclass(frozen=True)
class ToyReader:
    """``wrong`` maps a case's number to what goes wrong with it."""

    size: int = 10
    wrong: tuple[tuple[int, str], ...] = ()
    prefix: str = "case"
    pause_s: float = 0.0
    columns: tuple[tuple[str, type], ...] = (
        ("side", str),
        ("malignant", int),
        ("age", float),
        ("screened", bool),
        ("mask_label", int),
    )
    remarks: tuple[str, ...] = ()
    died: str = ""

    def cases(self) -> Sequence[Case]:
        return [self._case(number) for number in range(self.size)]

    def _case(self, number: int) -> Case:
        columns: dict[str, Scalar] = {
            "side": "LEFT" if number % 2 else None,
            "malignant": int(number % 3 == 0),
            "age": 40.5 + number if number % 4 else None,
            "screened": bool(number % 2),
        }
        return Case(f"{self.prefix}{number}", f"P_{number // 2:05d}", columns, ToySource(number))

    def load(self, case: Case) -> Sequence[Sample]:
        assert isinstance(case.source, ToySource)
        number = case.source.number
        time.sleep(self.pause_s)
        how = dict(self.wrong).get(number, "")
        misbehave(how, case, died=self.died)
        image, mask = pixels(number)
        if how == "nan":
            image = np.full(image.shape, np.nan)
        if how == "roi":
            image = image * 0 - 1.0
        labels = (1, 2) if how in {"labels", "one label bad"} else (None,)
        return [
            Sample(
                case.case_id if label is None else f"{case.case_id}_label{label}",
                case.patient_id,
                image * 0 - 1.0 if how == "one label bad" and label == 2 else image,
                mask,
                spacing=(0.1, 0.2) if number % 2 else None,
                columns={**case.columns, "mask_label": label},
                notes=("scaled by 1.149", "8-bit") if number % 3 == 0 else (),
                image_path=f"images/{number}.png",
            )
            for label in labels
        ]

    def describe(self) -> dict[str, Scalar]:
        return {"reader": "toy", "size": self.size}


def misbehave(how: str, case: Case, *, died: str) -> None:
    if how == "read":
        raise ReadError("the file is cut short", path="images/bad.png", remedy="Download it again.")
    if how == "mask":
        raise MaskError("the mask is empty", path="=cmd|x", remedy="Draw it.\nAgain.")
    if how == "os":
        raise OSError(5, "Input/output error", "images/io.png")
    if how == "memory":
        raise MemoryError("Unable to allocate 9 GiB")
    if how == "kill" or (how == "kill once" and not Path(died).exists()):
        if died:
            Path(died).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "stop":
        raise KeyboardInterrupt
    if how == "bug":
        raise ZeroDivisionError("a fault of the program")


def pixels(number: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(number)
    image = rng.integers(0, 4096, (12, 10 + number % 3)).astype(np.uint16)
    mask = np.zeros(image.shape, dtype=bool)
    mask[2 : 5 + number % 4, 3:8] = True
    return image, mask


def expected(number: int) -> list[float]:
    """The toy engine's row, worked out separately from it."""
    image, mask = pixels(number)
    rows, columns = image.shape
    values = [float(image[r, c]) for r in range(rows) for c in range(columns) if mask[r, c]]
    mean = sum(values) / len(values)
    std = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
    return [mean, std, float(len(values))]


@dataclass(frozen=True)
class ToyEngine:
    name: str = "toy"
    feature_names: tuple[str, ...] = FEATURES
    fits: int = 1000
    limits: ClassVar[Limits] = Limits()

    def warm_up(self) -> WarmUp:
        return WarmUp(0.0, 0)

    def measure(self, samples: Sequence[Sample]) -> Measured:
        if len(samples) > self.fits:
            raise MemoryError
        return Measured([self._one(sample) for sample in samples], 0.001, 0.002)

    def start(self, samples: Sequence[Sample]) -> Callable[[], Measured]:
        measured = self.measure(samples)
        return lambda: measured

    def _one(self, sample: Sample) -> np.ndarray | Failure:
        values = sample.image[sample.mask].astype(float)
        if values.min() < 0:
            error = RoiError("negative values", remedy="Shift them.")
            return Failure(sample.case_id, sample.patient_id, "prepare", "RoiError", "", error.cause, error.remedy)
        return np.array([values.mean(), values.std(), float(values.size)])


def open_toy(engine: str, recipe: ToyRecipe) -> Engine:
    if engine == "broken":
        raise EngineError("no such device", remedy="Use another.")
    if engine == "dies":
        os._exit(7)
    return ToyEngine(name=engine)


def toy_setup(*, engine: str = "toy", recipe: ToyRecipe | None = None, versions: dict[str, str] | None = None) -> Setup:
    return Setup(recipe or ToyRecipe(), engine, versions or {"numpy": "2", "python": "3.11"}, open_toy)  # type: ignore[arg-type]
