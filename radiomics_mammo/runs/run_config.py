"""Inputs of one run of ``compare``: tables, target, options."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from radiomics_mammo.core.option import above, check_options, option
from radiomics_mammo.errors import InputError
from radiomics_mammo.evaluation.cohort.target import Target
from radiomics_mammo.evaluation.options import ComparisonOptions

_TEST = "Held-out test set"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """Everything that decides the result of a run."""

    tables: tuple[Path, ...] = option(
        positional=True,
        metavar="TABLE",
        help="feature table, Parquet or CSV; further tables (embeddings, clinical data) are joined on case_id",
    )
    target: Target = field(default_factory=Target)
    test: tuple[Path, ...] = option(
        (),
        group=_TEST,
        metavar="TABLE",
        help="held-out or external test table (several are joined); its patients are left out of training",
    )
    split: Literal["official"] | None = option(
        None, group=_TEST, help="official: test on the rows that CBIS-DDSM assigns to its test set (column split)"
    )
    options: ComparisonOptions = field(default_factory=ComparisonOptions)
    minutes: float | None = option(
        None,
        group="Cross-validation",
        metavar="M",
        exclusive="trials",
        help="choose the number of trials so that the run takes about M minutes",
        check=above(0),
    )

    def __post_init__(self) -> None:
        check_options(self)
        if self.options.shift and not (self.test or self.official):
            raise InputError(
                "--shift adapts the probabilities on the test set, and there is none", remedy="Add --test or --split."
            )

    @property
    def official(self) -> bool:
        """Return whether the official test split is held out."""
        return self.split == "official"

    def command(self) -> dict[str, Any]:
        """Return the options that decide the result, with trials in place of minutes."""
        options = {name: value for name, value in asdict(self.options).items() if name != "workers"}
        return {**asdict(self.target), **options, "official": self.official}
