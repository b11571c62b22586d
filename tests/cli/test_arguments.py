"""The command line is built from dataclasses: one declaration, one check."""

from __future__ import annotations

import argparse
import doctest
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

import pytest

from radiomics_mammo.cli.arguments import add_arguments, settings_from
from radiomics_mammo.core import option as option_module
from radiomics_mammo.core.option import above, at_least, between, check_options, option, strictly_between
from radiomics_mammo.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Toy:
    tables: tuple[Path, ...] = option(help="tables to read", metavar="TABLE", positional=True)
    out: Path = option(help="file to write", group="Output")
    folds: int = option(5, help="number of folds", check=at_least(2), group="Cross-validation")
    trials: int = option(6, help="settings tried", exclusive="trials", group="Cross-validation")
    minutes: float = option(0.0, help="time limit", exclusive="trials", check=at_least(0), group="Cross-validation")
    confidence: float | None = option(None, help="100% is refused", check=strictly_between(0, 1))
    method: Literal["hist", "exact"] = option("hist", help="tree method")
    rule: str = option("max", help="rule of aggregation", choices=("max", "mean"), flag="--aggregate")
    test: tuple[Path, ...] = option((), help="held-out tables", group="Output")
    columns: tuple[str, ...] = option((), help="more columns", repeat=True, flag="--column")
    overwrite: bool = option(False, help="replace the file", group="Output")
    flip: bool = option(True, help="average with the mirror image")
    leakage: bool = option(True, help="skip the checks", flag="--no-leakage")
    memory: int | None = option(None, help="memory", parse=lambda text: int(text.removesuffix("K")) * 1000)
    computed: int = 3

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True)
class Optional:
    first: Path | None = option(None, help="file", positional=True)
    more: tuple[int, ...] = option((), help="numbers", positional=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    inner: Optional
    scale: float = option(1.0, help="scale", group="Output")


@dataclass(frozen=True, slots=True)
class Other:
    out: str = option("x", help="another field of the same name", flag="--other-out", group="Output")


def parse(*words: str) -> Toy:
    parser = argparse.ArgumentParser(exit_on_error=True)
    add_arguments(parser, Toy, Other)
    return settings_from(parser.parse_args(words), Toy)


def test_defaults_are_those_of_the_dataclass():
    parsed = parse("a.parquet", "b.parquet", "--out", "o")
    assert parsed == Toy(tables=(Path("a.parquet"), Path("b.parquet")), out=Path("o"))
    assert parsed.computed == 3


def test_every_type_is_parsed():
    parsed = parse(
        *("a", "--out", "o", "--folds", "3", "--minutes", "2.5", "--confidence", "0.9", "--method", "exact"),
        *("--aggregate", "mean", "--test", "t", "u", "--column", "c", "--column", "d", "--overwrite", "--no-flip"),
        *("--no-leakage", "--memory", "6K"),
    )
    assert parsed == Toy(
        tables=(Path("a"),),
        out=Path("o"),
        folds=3,
        minutes=2.5,
        confidence=0.9,
        method="exact",
        rule="mean",
        test=(Path("t"), Path("u")),
        columns=("c", "d"),
        overwrite=True,
        flip=False,
        leakage=False,
        memory=6000,
    )


def test_optional_positional_arguments_and_nested_settings():
    parser = argparse.ArgumentParser()
    add_arguments(parser, Nested)
    assert settings_from(parser.parse_args([]), Nested) == Nested(inner=Optional())
    parsed = settings_from(parser.parse_args(["a", "1", "2", "--scale", "2"]), Nested)
    assert parsed == Nested(inner=Optional(Path("a"), (1, 2)), scale=2.0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("a", "--out", "o", "--folds", "1"), "argument --folds: must be 2 or more"),
        (("a", "--out", "o", "--folds", "x"), "argument --folds: invalid int value: 'x'"),
        (("a", "--out", "o", "--confidence", "nan"), "argument --confidence: must be between 0 and 1"),
        (("a", "--out", "o", "--method", "y"), "argument --method: invalid choice: 'y'"),
        (("a", "--out", "o", "--aggregate", "y"), "argument --aggregate: invalid choice: 'y'"),
        (("a", "--out", "o", "--memory", "y"), "argument --memory: invalid literal"),
        (("a", "--out", "o", "--trials", "6", "--minutes", "1"), "not allowed with argument --trials"),
        (("a",), "the following arguments are required: --out"),
        (("--out", "o"), "the following arguments are required: TABLE"),
    ],
)
def test_wrong_words_are_refused(words, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        parse(*words)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"folds": 1}, "folds is 1. It must be 2 or more."),
        ({"confidence": 1.0}, "confidence is 1.0. It must be between 0 and 1."),
        ({"rule": "y"}, "rule is 'y'. It must be one of max, mean."),
        ({"method": "y"}, "method is 'y'. It must be one of hist, exact."),
    ],
)
def test_python_callers_meet_the_same_checks(values, message):
    with pytest.raises(InputError, match=message):
        Toy(tables=(Path("a"),), out=Path("o"), **values)


def test_help_groups_options_and_states_defaults(capsys):
    with pytest.raises(SystemExit, match="0"):
        parse("--help")
    text = " ".join(capsys.readouterr().out.split())
    assert "Cross-validation: --folds FOLDS number of folds (default: 5)" in text
    assert "100% is refused" in text
    assert "--overwrite replace the file --other-out OUT another field of the same name (default: x)" in text
    assert "--column COLUMNS" in text


def test_checks_accept_finite_numbers_in_their_range():
    for check, valid, invalid in (
        (at_least(1), (1, 9), (0, float("inf"), float("nan"))),
        (above(0), (0.1,), (0, float("inf"))),
        (between(8, 16), (8, 16), (7, 17)),
        (strictly_between(0, 1), (0.5,), (0, 1)),
    ):
        assert all(check.accepts(value) for value in valid), check.requirement
        assert not any(check.accepts(value) for value in invalid), check.requirement


def test_the_example_of_the_docstring_holds():
    assert doctest.testmod(option_module).failed == 0
    assert len(fields(Toy)) == 15
