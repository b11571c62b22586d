"""Every registered reader keeps the contract, and the check finds readers that do not."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from radiomics_mammo.cli.arguments import add_arguments, settings_from
from radiomics_mammo.core.option import option_fields
from radiomics_mammo.readers import READERS, collection_of
from radiomics_mammo.readers.base import Reader, imported
from radiomics_mammo.readers.phantom.reader import PhantomReader
from radiomics_mammo.readers.phantom.write_cbis_ddsm import write_cbis_tree
from radiomics_mammo.readers.phantom.write_rsna import write_rsna_png_tree
from radiomics_mammo.testing.readers import check_reader

PHANTOM = PhantomReader(patients=2, rows=128)


def write_manifest(folder: Path) -> Path:
    """Three lines: a mask, a mask of two labels, and an image that is missing."""
    mask = np.zeros((24, 20), np.uint8)
    mask[4:9, 3:9], mask[14:20, 5:16] = 1, 2
    Image.fromarray(np.random.default_rng(0).integers(0, 200, mask.shape).astype(np.uint8)).save(folder / "i.png")
    Image.fromarray(mask).save(folder / "two.png")
    Image.fromarray((mask == 1).astype(np.uint8) * 255).save(folder / "one.png")
    lines = ["image,mask,case_id,age", "i.png,one.png,a,51", "i.png,two.png,b,", "gone.png,one.png,c,60"]
    (folder / "cases.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "cases.csv"


def settings_for(name: str, folder: Path) -> dict[str, object]:
    """Write a small collection; return the settings of its reader."""
    if name == "cbis-ddsm":
        write_cbis_tree(PHANTOM, folder)
    elif name == "rsna":
        write_rsna_png_tree(PHANTOM, folder)
    elif name == "image-folder":
        write_manifest(folder)
        (folder / "one.png").rename(folder / "i_mask1.png")
        (folder / "two.png").rename(folder / "i_mask2.png")
    elif name == "manifest":
        return {"path": write_manifest(folder)}
    elif name == "phantom":
        return {"patients": 2, "rows": 128}
    return {"root": folder}


@pytest.mark.parametrize("name", READERS)
def test_registered_readers_conform(name, tmp_path):
    check_reader(READERS[name].open(settings_for(name, tmp_path)), cases=3)


@pytest.mark.parametrize("spec", READERS.values(), ids=READERS)
def test_records_are_complete(spec):
    assert issubclass(imported(spec.reader), spec.arguments)
    assert spec.help and spec.description.endswith(".") and spec.outlines
    for function in (*spec.writers.values(), *([spec.read_image] if spec.read_image else [])):
        assert callable(imported(function))
    assert all(module in spec.modules for module in spec.first_imports)
    assert bool(spec.collection) == bool(spec.aliases)
    assert spec.whole_breast == bool(spec.read_image)


@pytest.mark.parametrize("spec", READERS.values(), ids=READERS)
def test_options_come_from_the_settings(spec):
    parser = argparse.ArgumentParser()
    add_arguments(parser, spec.arguments)
    paths = [info.metavar for _, info in option_fields(spec.arguments) if info.positional]
    arguments = settings_from(parser.parse_args(paths), spec.arguments)
    assert arguments == spec.arguments(*map(Path, paths))
    assert arguments.describe()["reader"] == spec.name
    assert {each.name for each in fields(arguments)} >= set(arguments.describe()) - {"reader"}


def test_an_unregistered_reader_has_no_collection():
    assert collection_of(Wrong(PHANTOM)) == {}
    assert collection_of(PHANTOM)["simulated"] is True


@dataclass(frozen=True)
class Wrong:
    """A reader that breaks one rule."""

    reader: Reader
    rule: str = ""

    @property
    def columns(self):
        return (*self.reader.columns, ("mask_pixels", int)) if self.rule == "columns" else self.reader.columns

    def cases(self):
        cases = list(self.reader.cases())
        if self.rule == "twice":
            cases[1] = replace(cases[1], case_id=cases[0].case_id)
        if self.rule == "order":
            cases.sort(key=lambda _: np.random.default_rng().random())
        if self.rule == "type":
            cases[0] = replace(cases[0], columns={**cases[0].columns, "malignant": 0.5})
        return cases

    def load(self, case):
        (sample,) = self.reader.load(case)
        changed = {
            "name": {"case_id": "other"},
            "undeclared": {"columns": {**sample.columns, "more": 1}},
            "colour": {"image": np.zeros((9, 9, 3)), "mask": np.ones((9, 9), bool)},
            "mask": {"mask": sample.mask.astype(np.uint8)},
            "empty": {"mask": np.zeros_like(sample.mask)},
            "spacing": {"spacing": (0.1, 0.0)},
            "noise": {"image": sample.image + np.random.default_rng().integers(0, 9, sample.image.shape)},
        }
        return [replace(sample, **changed.get(self.rule, {}))]

    def describe(self):
        return {"reader": "wrong"} | ({"path": Path("/")} if self.rule == "describe" else {})


RULES = {
    "columns": "would stand twice",
    "twice": "same case_id",
    "order": "second time",
    "type": "declared as int",
    "name": "name of its case",
    "undeclared": "columns are",
    "colour": "shape",
    "mask": "not bool",
    "empty": "mask is empty",
    "spacing": "spacing is",
    "noise": "image differs",
    "describe": "JSON scalars",
}


@pytest.mark.parametrize("rule", RULES)
def test_a_broken_rule_is_named(rule):
    reader = Wrong(PHANTOM, rule)
    with pytest.raises(AssertionError, match=RULES[rule]):
        check_reader(reader, reopen=lambda _: reader, cases=1)
