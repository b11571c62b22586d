"""ONNX files, timm, and weights that have seen the collection already."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from radiomics_mammo.embeddings import EMBEDDERS, find_network, open_embedder, versions_of
from radiomics_mammo.embeddings.networks.base import IMAGENET_MEAN, IMAGENET_STD, slug_of
from radiomics_mammo.embeddings.settings import settings_for
from radiomics_mammo.embeddings.training_overlap import refuse_training_overlap, training_collections
from radiomics_mammo.errors import EngineError, InputError
from radiomics_mammo.readers import collection_name
from radiomics_mammo.tables.feature_table import embedder_of, feature_parts, is_embedding
from tests.support.networks import tiny_facts, write_onnx

needs_onnx = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxruntime")),
    reason="ONNX networks need the extra 'embeddings'",
)


@needs_onnx
@pytest.mark.parametrize("pooled", [True, False])
def test_a_small_network_answers_as_reckoned_by_hand(tmp_path: Path, pooled: bool) -> None:
    facts = find_network(f"onnx:{write_onnx(tmp_path / 'my-net.onnx', pooled=pooled)}", size=2)
    network = EMBEDDERS["onnx"].load(facts)
    picture = np.array([[[1, 2], [3, 4]], [[10, 10], [10, 50]], [[1, 1], [1, 1]]], dtype=np.float32)
    assert network(picture).tolist() == [2.5 + 0.5, 20.0 - 1.0]
    assert network(picture).dtype == np.float32


@needs_onnx
def test_the_files_metadata_are_its_facts(tmp_path: Path) -> None:
    told = {
        "size": "32", "mean": "0.1,0.2,0.3", "std": "[0.5]", "licence": "CC0", "source": "a colleague",
        "trained_on": "CBIS-DDSM, VinDr",
    }  # fmt: skip
    facts = find_network(f"onnx:{write_onnx(tmp_path / 'my-net.onnx', metadata=told)}")
    assert (facts.name, facts.slug, facts.runner) == ("onnx:my-net.onnx", "MyNet", "onnxruntime")
    assert (facts.size, facts.mean, facts.std, facts.dims) == (32, (0.1, 0.2, 0.3), (0.5, 0.5, 0.5), 2)
    assert (facts.licence, facts.source, facts.trained_on) == ("CC0", "a colleague", ("CBIS-DDSM", "VinDr"))
    assert len(facts.sha256) == 64
    assert set(versions_of(facts)) >= {"onnxruntime", "pillow", "radiomics-mammo"}


@needs_onnx
def test_a_silent_file_has_imagenets_numbers(tmp_path: Path) -> None:
    facts = find_network("onnx", weights=write_onnx(tmp_path / "n.onnx"))
    assert (facts.size, facts.mean, facts.std, facts.licence) == (224, IMAGENET_MEAN, IMAGENET_STD, "not stated")
    fixed = find_network("onnx", weights=write_onnx(tmp_path / "f.onnx", shape=(1, 3, 48, 48)))
    assert fixed.size == 48
    with pytest.raises(InputError, match="48 pixels wide, not 64"):
        find_network("onnx", weights=tmp_path / "f.onnx", size=64)


@needs_onnx
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"shape": ("n", 1, "h", "w")}, "not one float32 picture"),
        ({"shape": (4, 3, "h", "w")}, "not one float32 picture"),
        ({"shape": ("n", 3, 32, 48)}, "32 x 48"),
        ({"kind": "DOUBLE"}, "cannot read it"),
        ({"metadata": {"size": "large"}}, "size 'large'"),
        ({"metadata": {"std": "0,0,0"}}, "std '0,0,0'"),
        ({"metadata": {"mean": "a b c"}}, "mean 'a b c'"),
    ],
)
def test_other_networks_are_refused_in_a_sentence(tmp_path: Path, changed: dict, said: str) -> None:
    path = write_onnx(tmp_path / "n.onnx", **changed)
    with pytest.raises(InputError, match=r"n\.onnx") as caught:
        find_network(f"onnx:{path}")
    assert said in str(caught.value)


@needs_onnx
def test_what_is_no_onnx_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "n.onnx").write_bytes(b"rubbish")
    with pytest.raises(InputError, match="onnxruntime cannot read it"):
        find_network(f"onnx:{tmp_path / 'n.onnx'}")
    with pytest.raises(InputError, match=r"gone\.onnx: there is no such file"):
        find_network(f"onnx:{tmp_path / 'gone.onnx'}")
    with pytest.raises(InputError, match="onnx:FILE"):
        find_network("onnx")


@needs_onnx
def test_a_file_that_changed_since_is_refused(tmp_path: Path) -> None:
    settings = settings_for(find_network(f"onnx:{write_onnx(tmp_path / 'n.onnx')}"))
    write_onnx(tmp_path / "n.onnx", scale=2.0)
    with pytest.raises(InputError, match="changed since"):
        open_embedder("onnxruntime", settings)


def test_unknown_networks_are_told_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'resnet50'.*efficientnet-lite0, timm:NAME, onnx:FILE"):
        find_network("resnet50")
    with pytest.raises(InputError, match="timm:resnetv2_50"):
        find_network("timm")


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is installed")
def test_without_torch_the_command_to_install_it_is_told() -> None:
    with pytest.raises(EngineError, match=r'torch and timm.*pip install "radiomics-mammo\[torch\]"'):
        find_network("timm:resnetv2_50")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("efficientnet-lite0", "EfficientnetLite0"),
        ("timm:resnetv2_50", "TimmResnetv250"),
        ("timm:vit_base_patch14_dinov2", "TimmVitBasePatch14Dinov2"),
        ("timm:vgg16.tv_in1k", "TimmVgg16TvIn1k"),
        ("7 <b>", "N7B"),
        ("___", "N"),
    ],
)
@pytest.mark.parametrize("seen", ["crop", "masked", "mask", "breast"])
def test_slugs_make_column_names(name: str, slug: str, seen: str) -> None:
    assert slug_of(name) == slug
    column = settings_for(tiny_facts(slug=slug), seen=seen).columns[0]
    assert is_embedding(column)
    assert embedder_of(column) == f"{seen}_emb{slug}"


@needs_onnx
def test_a_files_text_is_no_more_than_text(tmp_path: Path) -> None:
    told = {"source": "a\x1b[2J\nb" + "x" * 900}
    facts = find_network(f"onnx:{write_onnx(tmp_path / 'n.onnx', metadata=told)}")
    assert facts.source.startswith("a [2J bxx")
    assert len(facts.source) == 200


@needs_onnx
@pytest.mark.reported("Faults", "ONNX with external weights in the current folder", "refused: they are in no SHA-256")
def test_weights_beside_the_file_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnx

    monkeypatch.chdir(tmp_path)

    model = onnx.load(write_onnx(tmp_path / "whole.onnx"))
    onnx.save(model, tmp_path / "n.onnx", save_as_external_data=True, location="n.data", size_threshold=0)
    assert (tmp_path / "n.data").exists()
    with pytest.raises(InputError, match="weights inside the file"):
        find_network(f"onnx:{tmp_path / 'n.onnx'}")


def test_columns_are_features_of_a_family_of_their_own() -> None:
    settings = settings_for(tiny_facts(slug="EfficientnetLite0"), seen="crop")
    assert feature_parts(settings.columns[1]) == ("crop", "embEfficientnetLite0", "E0001")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("cbis-ddsm", "CBIS-DDSM"), ("CBIS_DDSM", "CBIS-DDSM"), ("DDSM", "CBIS-DDSM"), ("rsna", "RSNA"),
        ("RSNA 2022", "RSNA"), (" VinDr ", "VinDr"), ("CBIS-DDSM test set", "CBIS-DDSM"),
    ],
)  # fmt: skip
def test_spellings_of_a_collection_are_one(said: str, name: str) -> None:
    assert collection_name(said) == name


@pytest.mark.parametrize(
    ("facts", "declared", "expected"),
    [
        (tiny_facts(), (), ()),
        (tiny_facts(), ("cbis", "VinDr"), ("CBIS-DDSM", "VinDr")),
        (tiny_facts(trained_on=("rsna",)), (), ("RSNA",)),
        (tiny_facts(source="mammoscreen.safetensors"), (), ("CBIS-DDSM", "RSNA")),
        (tiny_facts(source="ddsm_resnet50_s10_[512-512-1024]x2.h5"), (), ("CBIS-DDSM",)),
        (tiny_facts(source="vgg16_CBIS-DDSM_best.pth"), (), ("CBIS-DDSM",)),
        (tiny_facts(source="rsna-breast-cancer-fold0.pth"), (), ("RSNA",)),
        (tiny_facts(source="rsna-pneumonia.pth"), (), ()),
        (tiny_facts(source="timm/resnetv2_50.a1h_in1k"), (), ()),
    ],
)
def test_training_collections_come_from_file_name_and_user(facts, declared, expected) -> None:
    assert training_collections(facts, declared=declared, canonical=collection_name) == expected


def test_weights_are_refused_on_their_training_collection() -> None:
    with pytest.raises(InputError, match="trained on CBIS-DDSM"):
        refuse_training_overlap(("CBIS-DDSM",), "CBIS-DDSM", allowed=False)
    assert refuse_training_overlap(("CBIS-DDSM",), "CBIS-DDSM", allowed=True)
    assert not refuse_training_overlap(("CBIS-DDSM",), "RSNA", allowed=False)
    assert not refuse_training_overlap(("CBIS-DDSM",), "", allowed=False)
    assert not refuse_training_overlap((), "CBIS-DDSM", allowed=True)


class TestTimm:
    """What needs torch: the networks of the notebooks, with weights that are saved here."""

    @pytest.fixture(autouse=True)
    def _needs_torch(self) -> None:
        pytest.importorskip("torch", reason="timm networks need the extra 'torch'")
        pytest.importorskip("timm", reason="timm networks need the extra 'torch'")

    @pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
    def test_a_local_checkpoint_answers_as_timm_itself(self, tmp_path: Path, suffix: str) -> None:
        import timm
        import torch
        from safetensors.torch import save_file

        torch.manual_seed(3)
        whole = timm.create_model("resnetv2_50", pretrained=False, num_classes=7).eval()  # its classifier is left out
        path = tmp_path / f"w{suffix}"
        save_file(whole.state_dict(), path) if suffix == ".safetensors" else torch.save(
            {"state_dict": whole.state_dict()}, path
        )
        facts = find_network("timm:resnetv2_50", weights=path)
        assert (facts.dims, facts.size, facts.mean, facts.slug) == (2048, 224, (0.5,) * 3, "TimmResnetv250")
        assert (facts.source, facts.licence) == (f"w{suffix}", "not stated")
        picture = np.random.default_rng(0).standard_normal((3, 224, 224), dtype=np.float32)
        with torch.inference_mode():
            expected = whole.forward_head(whole.forward_features(torch.from_numpy(picture)[None]), pre_logits=True)
        found = EMBEDDERS["timm"].load(facts)(picture)
        np.testing.assert_allclose(found, expected[0].numpy(), rtol=1e-4, atol=1e-5)

    @pytest.mark.parametrize(("name", "dims", "size"), [("vgg16", 4096, 224), ("vit_base_patch14_dinov2", 768, 518)])
    def test_the_notebooks_backbones_are_there(self, tmp_path: Path, name: str, dims: int, size: int) -> None:
        path = tmp_path / "w.pth"
        path.write_bytes(b"not yet")
        facts = find_network(f"timm:{name}", weights=path)
        assert (facts.dims, facts.size) == (dims, size)
        with pytest.raises(InputError, match="not a checkpoint"):
            EMBEDDERS["timm"].load(facts)

    def test_a_vision_transformer_takes_another_size(self, tmp_path: Path) -> None:
        import timm
        import torch

        whole = timm.create_model("vit_base_patch14_dinov2", pretrained=False, num_classes=0, img_size=112).eval()
        torch.save(whole.state_dict(), tmp_path / "w.pth")
        facts = find_network("timm:vit_base_patch14_dinov2", weights=tmp_path / "w.pth", size=112)
        picture = np.random.default_rng(0).standard_normal((3, 112, 112), dtype=np.float32)
        with torch.inference_mode():
            expected = whole(torch.from_numpy(picture)[None])[0].numpy()
        np.testing.assert_allclose(EMBEDDERS["timm"].load(facts)(picture), expected, rtol=1e-4, atol=1e-5)

    def test_other_checkpoints_and_names_are_refused(self, tmp_path: Path) -> None:
        import torch

        with pytest.raises(InputError, match=r"resnetv2_5O.*Did you mean .*resnetv2_50"):
            find_network("timm:resnetv2_5O")
        torch.save({"fc.weight": torch.zeros(2)}, tmp_path / "w.pth")
        facts = find_network("timm:resnetv2_50", weights=tmp_path / "w.pth")
        with pytest.raises(InputError, match="lacks"):
            EMBEDDERS["timm"].load(facts)
        with pytest.raises(InputError, match="changed since"):
            EMBEDDERS["timm"].load(replace(facts, sha256="0" * 64))
        torch.save(torch.nn.Linear(2, 2), tmp_path / "pickled.pth")
        with pytest.raises(InputError, match="not a checkpoint"):
            EMBEDDERS["timm"].load(find_network("timm:resnetv2_50", weights=tmp_path / "pickled.pth"))
