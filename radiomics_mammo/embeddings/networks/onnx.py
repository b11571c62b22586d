"""Networks that onnxruntime runs: any ONNX file with one picture in and one vector (or one map) out."""

from __future__ import annotations

import importlib.util
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.embeddings.networks.base import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    UNKNOWN_LICENCE,
    Network,
    NetworkFacts,
    plain_text,
    refuse_changed,
    sha256_of,
    slug_of,
    weights_bytes,
)
from radiomics_mammo.errors import EngineError, InputError

if TYPE_CHECKING:
    import onnxruntime

_SIZE = 224


def require_onnxruntime(*more: str) -> None:
    """Check that the libraries of the extra ``embeddings`` are installed."""
    missing = [name for name in ("onnxruntime", *more) if importlib.util.find_spec(name) is None]
    if missing:
        raise EngineError(
            f"this network needs {' and '.join(missing)}, not installed here",
            remedy='Run: pip install "radiomics-mammo[embeddings]".',
        )


def onnx_facts(name: str, weights: Path | None, size: int | None) -> NetworkFacts:
    """Read the properties of an ONNX file.

    The default size is what the file says in its metadata (``size``) or its shape, else 224.
    """
    require_onnxruntime()
    if bool(name) == (weights is not None):
        raise InputError("an ONNX network is one file", remedy="Name it: --model onnx:FILE.")
    path = (weights or Path(name)).expanduser().absolute()
    content = weights_bytes(path)
    session = open_session(content, path=path)
    metadata = {key: plain_text(value) for key, value in session.get_modelmeta().custom_metadata_map.items()}
    side = _side(session, metadata, requested=size, path=path)
    dims = onnx_network(session, path=path)(np.zeros((3, side, side), dtype=np.float32)).size
    return NetworkFacts(
        name=f"onnx:{path.name}",
        slug=slug_of(path.stem),
        runner="onnxruntime",
        size=side,
        mean=_triple(metadata, "mean", IMAGENET_MEAN, path=path),
        std=_triple(metadata, "std", IMAGENET_STD, path=path),
        dims=dims,
        source=metadata.get("source") or path.name,
        licence=metadata.get("licence") or metadata.get("license") or UNKNOWN_LICENCE,
        sha256=sha256_of(content),
        trained_on=tuple(part.strip() for part in metadata.get("trained_on", "").split(",") if part.strip()),
        file=str(path),
    )


def load_onnx(facts: NetworkFacts) -> Network:
    """Build the network from the file of :func:`onnx_facts`."""
    content = weights_bytes(Path(facts.file))
    refuse_changed(sha256_of(content), facts)
    return onnx_network(open_session(content, path=Path(facts.file)), path=Path(facts.file))


def open_session(content: bytes, *, path: Path) -> onnxruntime.InferenceSession:
    """Build a session on one thread of the CPU, for reproducible numbers."""
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as problems

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 4  # what it would print stands in the error
    # Weights in other files are in no checksum, and would be taken from whatever folder is the current one.
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    unreadable = (
        problems.Fail, problems.InvalidGraph, problems.InvalidProtobuf, problems.InvalidArgument,
        problems.NoSuchFile, problems.NotImplemented, problems.RuntimeException,
    )  # fmt: skip
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except unreadable as error:
        raise InputError(
            f"onnxruntime cannot read it ({' '.join(str(error).split())[:200]})",
            path=path,
            remedy="Export it again, with the weights inside the file.",
        ) from error


def onnx_network(session: onnxruntime.InferenceSession, *, path: Path) -> Network:
    """Build the function from one image to one vector; a map is averaged."""
    from onnxruntime.capi import onnxruntime_pybind11_state as problems

    name = _picture_input(session, path=path).name
    output = session.get_outputs()[0].name

    def network(picture: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            result = np.asarray(session.run([output], {name: picture[None]})[0])
        except (problems.InvalidArgument, problems.Fail, problems.RuntimeException) as error:
            raise InputError(
                f"the network does not take a picture of {picture.shape[1]} pixels "
                f"({' '.join(str(error).split())[:160]})",
                path=path,
                remedy="Name its size with --size.",
            ) from error
        if result.ndim not in (2, 4) or result.shape[0] != 1 or result.dtype.kind != "f":
            raise InputError(
                f"its first output has the shape {result.shape}, neither (1, d) nor (1, d, h, w)",
                path=path,
                remedy="Export the network without its classifier.",
            )
        vector: NDArray[np.float32] = result[0] if result.ndim == 2 else result[0].mean(axis=(1, 2), dtype=np.float64)
        return vector.astype(np.float32, copy=False)

    return network


def _picture_input(session: onnxruntime.InferenceSession, *, path: Path) -> onnxruntime.NodeArg:
    inputs = session.get_inputs()
    shape = inputs[0].shape if inputs else []
    fits = len(inputs) == 1 and inputs[0].type == "tensor(float)" and len(shape) == 4
    if not fits or (isinstance(shape[1], int) and shape[1] != 3) or (isinstance(shape[0], int) and shape[0] != 1):
        stated = ", ".join(f"{node.name} {node.type} {node.shape}" for node in inputs) or "nothing"
        raise InputError(
            f"it takes {stated}, not one float32 picture (n, 3, rows, columns)",
            path=path,
            remedy="Export it with one input in that order, and n free or 1.",
        )
    return inputs[0]


def _side(
    session: onnxruntime.InferenceSession, metadata: Mapping[str, str], *, requested: int | None, path: Path
) -> int:
    fixed = [length for length in _picture_input(session, path=path).shape[2:] if isinstance(length, int)]
    if len(set(fixed)) > 1:
        raise InputError(
            f"its picture is {fixed[0]} x {fixed[1]}, not square", path=path, remedy="Export a square one."
        )
    if fixed and requested not in (None, fixed[0]):
        raise InputError(
            f"its picture is {fixed[0]} pixels wide, not {requested}", path=path, remedy="Leave --size out."
        )
    if requested or fixed:
        return requested or fixed[0]
    stated = metadata.get("size", "")
    if stated and not (stated.isdigit() and 8 <= int(stated) <= 4096):
        raise InputError(
            f"its metadata have the size {stated!r}", path=path, remedy="Give a whole number from 8 to 4096."
        )
    return int(stated) if stated else _SIZE


def _triple(
    metadata: Mapping[str, str], key: str, default: tuple[float, float, float], *, path: Path
) -> tuple[float, float, float]:
    if key not in metadata:
        return default
    try:
        values = [float(part) for part in metadata[key].strip("[]() ").replace(",", " ").split()]
    except ValueError:
        values = []
    if len(values) == 1:
        values *= 3
    if len(values) != 3 or not all(map(math.isfinite, values)) or (key == "std" and min(values) <= 0.0):
        raise InputError(f"its metadata have the {key} {metadata[key]!r}", path=path, remedy="Give three numbers.")
    return values[0], values[1], values[2]
