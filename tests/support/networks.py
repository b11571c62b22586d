"""Networks small enough to reckon by hand, and cases to show them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from radiomics_mammo.embeddings.networks.base import NetworkFacts


def tiny_facts(*, size: int = 8, dims: int = 2, **changed: object) -> NetworkFacts:
    """A network that is not there: its pictures are not normalised."""
    plain = {
        "name": "toy", "slug": "Toy", "runner": "toy", "size": size, "mean": (0.0,) * 3, "std": (1.0,) * 3,
        "dims": dims, "source": "nowhere", "licence": "none", "sha256": "0" * 64,
    }  # fmt: skip
    return NetworkFacts(**(plain | changed))  # type: ignore[arg-type]


def write_onnx(
    path: Path,
    *,
    pooled: bool = False,
    shape: tuple[int | str, ...] = ("n", 3, "h", "w"),
    kind: str = "FLOAT",
    metadata: dict[str, str] | None = None,
    scale: float = 1.0,
) -> Path:
    """Write a 1 x 1 convolution: channel 0 plus a half, and channel 1 minus channel 2; a map, or its mean."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    dtype = {"FLOAT": np.float32, "DOUBLE": np.float64}[kind]
    weights = np.array([[1, 0, 0], [0, 1, -1]], dtype=dtype)[:, :, None, None] * dtype(scale)
    nodes = [helper.make_node("Conv", ["x", "w", "b"], ["map"])]
    if pooled:
        nodes += [helper.make_node("ReduceMean", ["map"], ["y"], axes=[2, 3], keepdims=0)]
    out = ("y", ["n", 2]) if pooled else ("map", ["n", 2, *shape[2:]])
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", getattr(TensorProto, kind), list(shape))],
        [helper.make_tensor_value_info(out[0], getattr(TensorProto, kind), out[1])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.array([0.5, 0.0], dtype=dtype), "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    for key, value in (metadata or {}).items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.save(model, path)
    return path


def gradient(rows: int, columns: int) -> NDArray[np.uint8]:
    """An image that differs from its mirror image."""
    y, x = np.mgrid[:rows, :columns]
    return ((3 * y + 5 * x) % 251).astype(np.uint8)


def write_cases(folder: Path, *, count: int = 4, wrong: bool = False) -> Path:
    """Write images, masks and the manifest that lists them; a wrong one has an empty mask, another is missing."""
    lines = ["case_id,patient_id,image,mask,malignant"]
    for number in range(count):
        Image.fromarray(np.roll(gradient(60, 50), 7 * number, axis=1)).save(folder / f"i{number}.png")
        mask = np.zeros((60, 50), dtype=np.uint8)
        if not (wrong and number == 1):
            mask[20 : 32 + number, 15:30] = 255
        Image.fromarray(mask).save(folder / f"m{number}.png")
        lines.append(f"c{number},P{number // 2},i{number}.png,m{number}.png,{number % 2}")
    if wrong:
        (folder / "i2.png").unlink()
    path = folder / "cases.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
