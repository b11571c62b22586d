"""Waterfalls: calibrated log-odds that add up to the probability, and their drawing."""

from __future__ import annotations

import re
from html import unescape

import numpy as np
import pandas as pd
import pytest

from radiomics_mammo.evaluation.explanation.waterfall import case_waterfalls, number, plain_name, signed
from radiomics_mammo.reports.figures.waterfall import draw_waterfall
from radiomics_mammo.runs.run_folder import read_run
from tests.support.cohorts import toy_table
from tests.support.compare_runs import run as compared
from tests.support.compare_runs import skip_checks
from tests.support.finished_run_cases import FEATURES, SCALE, SHIFT, case_run, logit, mean_p


def terms(run, *, rule: str = "max", unit: str = "log-odds"):
    reached = {name: mean_p(run, name) for name in run.cases["case_id"]}
    return case_waterfalls(run.contributions, reached, unit=unit, rule=rule)


def one_of(contributions, *, name: str = "P_00004_1", p: float = 0.31, unit: str = "log-odds", rule: str = "max"):
    return case_waterfalls(contributions, {name: p}, unit=unit, rule=rule)[name]


def drawn(svg: str) -> tuple[list[tuple[str, str]], list[float]]:
    """Give the rows of a drawing (name, value), and the places of its bars' and dots' right and left ends."""
    names = re.findall(r'<text x="8" y="\d+">([^<]+)</text>', svg)
    values = re.findall(r'<text class="v"[^>]*>([^<]+)</text>', svg)
    return list(zip(names, values, strict=True)), [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', svg)]


def mean_logit(run) -> pd.Series:
    own = run.predictions[run.predictions["model"] == "xgboost"]
    return own.assign(z=logit(own["p"].to_numpy())).groupby("case_id")["z"].mean()


def test_terms_add_up_to_the_calibrated_log_odds():
    run, _ = case_run()
    found, wanted = terms(run), mean_logit(run)
    assert len(found) == len(run.cases)
    assert all(one.calibrated for one in found.values())
    ends = pd.Series({name: one.end for name, one in found.items()})
    np.testing.assert_allclose(ends, wanted[ends.index], atol=1e-6)
    for one in found.values():
        leading, rest, n_rest = one.leading(3)
        assert one.start + sum(value for _, value in leading) + rest == pytest.approx(one.end, abs=1e-9)
        assert (len(leading), n_rest) == (3, len(FEATURES) - 3)
        sizes = [abs(value) for _, value in leading]
        assert sizes == sorted(sizes, reverse=True)


def test_one_repeat_ends_at_its_own_probability():
    run, _ = case_run()
    first = run.contributions[run.contributions["repeat"] == 0]
    own = run.predictions.query("model == 'xgboost' and repeat == 0 and case_id == 'P_00004_1'")
    found = one_of(first, p=own["p"].item())
    assert found.last[1] == pytest.approx(0, abs=1e-6)
    assert "veraging" not in draw_waterfall(found, title="x", values={})
    assert found.probability(found.end) == pytest.approx(own["p"].item(), abs=1e-9)
    assert found.start == pytest.approx(SHIFT[0] + SCALE[0] * -0.3)


def test_a_real_model_adds_up_too(tmp_path, monkeypatch):
    skip_checks(monkeypatch)
    table = toy_table(tmp_path / "t.parquet")
    assert compared(table, tmp_path / "run", "--models", "xgboost", "--repeats", "2") == 0
    run = read_run(tmp_path / "run")
    found, wanted = terms(run), mean_logit(run)
    ends = pd.Series({name: one.end for name, one in found.items()})
    np.testing.assert_allclose(ends, wanted[ends.index], atol=1e-5)


def test_where_the_calibration_is_no_line_the_models_own_terms_are_given():
    run, _ = case_run()
    moved = run.contributions.assign(scale=np.nan, shift=np.nan)
    found = one_of(moved)
    own = moved[moved["case_id"] == "P_00004_1"]
    assert not found.calibrated
    assert found.end == pytest.approx((own["base"] + own[list(FEATURES)].sum(axis=1)).mean())
    assert "before calibration" in draw_waterfall(found, title="x", values={})


def test_forests_add_up_in_probability():
    run, _ = case_run()
    moved = run.contributions.assign(scale=np.nan, shift=np.nan, base=0.4)
    moved[list(FEATURES)] *= 0.05
    found = one_of(moved, unit="probability")
    assert found.probability(found.end) == found.end
    assert found.start == 0.4
    svg = draw_waterfall(found, title="x", values={})
    assert f"waterfall in probability before calibration from 0.40 to {found.end:.2f}; " in svg
    assert "log-odds" not in svg
    assert found.end + found.last[1] == pytest.approx(0.31)


@pytest.mark.parametrize("unit", ["log-odds", "probability"])
@pytest.mark.parametrize("p", [0.31, 0.97])
def test_a_last_step_leads_from_the_models_own_value_to_the_probability(unit, p):
    run, _ = case_run()
    moved = run.contributions.assign(scale=np.nan, shift=np.nan)
    if unit == "probability":
        moved = moved.assign(base=0.4, **{name: 0.05 * moved[name] for name in FEATURES})
    one = one_of(moved, p=p, unit=unit)
    rows, dots = drawn(draw_waterfall(one, title="x", values={}))
    at = logit(np.array(p)) if unit == "log-odds" else p
    assert rows[-2] == ("Averaging and calibration", signed(at - one.end))
    assert rows[-1] == ("This case", f"p = {p:.2f}")
    # To scale: the bar of the last step ends at the last dot, and begins where the features end.
    bars = re.findall(
        r'<rect class="\w+" x="([\d.]+)" y="\d+" width="([\d.]+)"', draw_waterfall(one, title="x", values={})
    )
    ends = sorted([float(bars[-1][0]), float(bars[-1][0]) + float(bars[-1][1])])
    per = (dots[1] - dots[0]) / (at - one.start)
    assert ends == pytest.approx(sorted([dots[1], dots[0] + per * (one.end - one.start)]), abs=0.3)


def test_averaging_over_repeats_is_a_step_of_its_own_where_it_shows():
    run, _ = case_run()
    one = next(one for one in terms(run).values() if abs(one.last[1]) > 0.02)
    rows, _ = drawn(draw_waterfall(one, title="x", values={}))
    assert rows[-2] == ("Averaging over repeats", signed(logit(np.array(one.predicted)) - one.end))
    assert one.end + one.last[1] == pytest.approx(logit(np.array(one.predicted)))


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_a_probability_of_nought_has_a_place(p):
    run, _ = case_run()
    one = one_of(run.contributions.assign(scale=np.nan, shift=np.nan), p=p)
    rows, dots = drawn(draw_waterfall(one, title="x", values={}))
    assert rows[-1] == ("This case", f"p = {p:.2f}")
    assert 8 <= dots[1] <= 332


def test_of_several_rows_the_highest_is_explained():
    run, _ = case_run()
    table = run.contributions.assign(case_id=run.contributions["case_id"].str[:-2])
    found = one_of(table, name="P_00004")
    own = table[table["case_id"] == "P_00004"]
    margin = own["base"] + own[list(FEATURES)].sum(axis=1)
    calibrated = (own["shift"] + own["scale"] * margin).groupby(own["repeat"]).max()
    assert found.end == pytest.approx(calibrated.mean())
    assert case_waterfalls(table, {"P_00004": 0.3}, unit="log-odds", rule="mean") == {}
    assert case_waterfalls(table, {"nobody": 0.3}, unit="log-odds", rule="max") == {}


def test_the_drawing_is_to_scale_and_says_every_term():
    run, _ = case_run()
    one = one_of(run.contributions, p=float(next(iter(terms(run).values())).probability(terms(run)["P_00004_1"].end)))
    svg = draw_waterfall(one, title="P_00004_1", values={FEATURES[0]: 3.14159})
    leading, _, _ = one.leading(8)
    bars = re.findall(r'<rect class="(up|down)" x="([\d.]+)" y="\d+" width="([\d.]+)"', svg)
    assert len(bars) == 8 == len(leading)
    scale = np.array([float(width) for *_, width in bars]) / np.abs([value for _, value in leading])
    assert np.ptp(scale[np.abs([value for _, value in leading]) > 0.1]) < 0.1 * scale.max()
    at = one.start
    for (kind, x, width), (_, value) in zip(bars, leading, strict=True):
        assert kind == ("up" if value >= 0 else "down")
        assert float(x) + (0 if value >= 0 else float(width)) == pytest.approx(
            float(bars[0][1]) + (0 if leading[0][1] >= 0 else float(bars[0][2])) + np.median(scale) * (at - one.start),
            abs=1.5,
        )
        at += value
    label = unescape(re.search(r'aria-label="([^"]+)"', svg)[1])
    for name, value in leading:
        assert f"{plain_name(name)} {signed(value)}" in label
    assert "= 3.14" in svg
    assert f"(probability {one.probability(one.end):.2f})" in label


def test_ticks_are_probabilities_in_their_place():
    run, _ = case_run()
    for one in list(terms(run).values())[:40]:
        svg = draw_waterfall(one, title="x", values={})
        ticks = re.findall(r'<text class="t" x="([\d.]+)" y="[\d.]+">([\d.]+)</text>', svg)
        places = np.array([float(x) for x, _ in ticks])
        log_odds = logit(np.array([float(p) for _, p in ticks]))
        dots = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', svg)]
        per = (dots[1] - dots[0]) / (one.final - one.start)
        np.testing.assert_allclose(places, dots[0] + per * (log_odds - one.start), atol=2.5)
        assert (np.diff(places) > 20).all()


def test_long_names_lose_their_middle_never_the_value():
    moved = pd.DataFrame({"case_id": ["a"], "repeat": [0], "fold": 0, "base": [0.0], "scale": [1.0], "shift": [0.0]})
    name = "wavelet-LH_gldm_SmallDependenceLowGrayLevelEmphasis"
    one = one_of(moved.assign(**{name: -0.07}), name="a", p=0.4825)
    rows, _ = drawn(draw_waterfall(one, title="x", values={name: 0.00123}))
    shown, value = rows[1]
    assert re.fullmatch(r"SmallD\w+…\w*sis \(gldm, wavelet-LH\) = 0\.00123", shown)
    assert value == "−0.07"
    assert 6.6 * (len(shown) + len(value)) <= 340 - 16


def test_lines_between_steps_do_not_strike_through_words():
    run, _ = case_run()
    for one in list(terms(run).values())[:60]:
        svg = draw_waterfall(one, title="x", values=dict.fromkeys(FEATURES, 0.5))
        rows, _ = drawn(svg)
        links = re.findall(r'<path d="M([\d.]+) (\d+)v(\d+)"/>', svg)
        assert len(links) == len(rows) - 1
        for (name, value), (x, y, length) in zip(rows[1:], links, strict=True):
            beside = 8 + 5.5 * len(unescape(name)) < float(x) < 332 - 5.5 * len(value)
            top_of_words = int(y) - 17 + 24 + 1
            assert beside or int(y) + int(length) <= top_of_words


def test_names_are_escaped_and_cut_to_the_drawing():
    moved = pd.DataFrame({"case_id": ["a"], "repeat": [0], "base": [0.0], "scale": [1.0], "shift": [0.0]})
    moved["<script>alert(1)</script>" + "x" * 80] = 1.0
    one = one_of(moved.assign(fold=0), name="a")
    svg = draw_waterfall(one, title='"><script>', values={}, note="phantom")
    assert "<script" not in svg
    assert "…xxx" in svg
    assert "phantom" in svg


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (9.5, "9.50"), (2030.4, "2,030"), (-0.889, "−0.889"), (3e9, "3.00e+09"), (0.00047, "0.000470")],
)
def test_numbers_are_written_to_be_read(value, said):
    assert number(value) == said


def test_names_are_plain():
    assert plain_name("original_glcm_Contrast") == "Contrast (glcm)"
    assert plain_name("wavelet-LH_glcm_MCC") == "MCC (glcm, wavelet-LH)"
    assert plain_name("assessment") == "assessment"
