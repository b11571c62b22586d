"""Networks of the timm library, run by torch: its own pretrained weights, or a checkpoint on disk."""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from radiomics_mammo.embeddings.networks.base import (
    UNKNOWN_LICENCE,
    Network,
    NetworkFacts,
    refuse_changed,
    sha256_of,
    slug_of,
    weights_bytes,
)
from radiomics_mammo.errors import EngineError, InputError

if TYPE_CHECKING:
    import torch


def timm_facts(name: str, weights: Path | None, size: int | None) -> NetworkFacts:
    """Read the properties of a timm model; without a checkpoint timm downloads one.

    Parameters
    ----------
    name : str
        The model, as timm calls it, such as ``resnetv2_50`` or ``vgg16.tv_in1k``.
    weights : pathlib.Path, optional
        A checkpoint of it: safetensors, or a torch file that holds tensors only.
    size : int, optional
        Rows and columns to show; by default as it was trained.
    """
    _require()
    _refuse_unknown(name)
    import torch
    from timm.data import resolve_model_data_config

    with torch.device("meta"):  # shapes only: no weights are made
        outline = _model(name, size=size, pretrained=False)
    configured = resolve_model_data_config(outline)
    side = size or int(configured["input_size"][-1])
    try:
        dims = outline(torch.empty(1, 3, side, side, device="meta")).shape[1]
    except (RuntimeError, AssertionError) as error:
        raise InputError(f"{name} does not take {side} pixels ({error})", remedy="Choose another --size.") from error
    card = outline.pretrained_cfg
    path = None if weights is None else weights.expanduser().absolute()
    return NetworkFacts(
        name=f"timm:{name}",
        slug=slug_of(f"timm:{name}"),
        runner="torch",
        size=side,
        mean=tuple(configured["mean"]),
        std=tuple(configured["std"]),
        dims=int(dims),
        source=path.name if path else f"timm: {card.get('hf_hub_id') or card.get('url') or name}",
        licence=UNKNOWN_LICENCE if path else str(card.get("license") or UNKNOWN_LICENCE),
        sha256=sha256_of(weights_bytes(path)) if path else _hash_of(_fetched(name, size=size).state_dict()),
        file=str(path or ""),
    )


def load_timm(facts: NetworkFacts) -> Network:
    """Build the network on one thread of the CPU."""
    _require()
    import torch

    torch.set_num_threads(1)
    name = facts.name.removeprefix("timm:")
    if facts.file:
        refuse_changed(sha256_of(weights_bytes(Path(facts.file))), facts)
        model = _model(name, size=facts.size, pretrained=False)
        _fill(model, _tensors(Path(facts.file)), path=Path(facts.file))
    else:
        model = _fetched(name, size=facts.size)
        refuse_changed(_hash_of(model.state_dict()), facts)
    model.eval()

    def network(picture: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            vector: NDArray[np.float32] = model(torch.from_numpy(picture[None].copy()))[0].numpy()
        return vector

    return network


def _require() -> None:
    missing = [name for name in ("torch", "timm") if importlib.util.find_spec(name) is None]
    if missing:
        raise EngineError(
            f"timm networks need {' and '.join(missing)}, not installed here",
            remedy='Run: pip install "radiomics-mammo[torch]", or use another --model.',
        )


def _refuse_unknown(name: str) -> None:
    import timm

    plain = name.split(".")[0]
    if not timm.is_model(plain):
        near = difflib.get_close_matches(plain, timm.list_models(), n=4)
        hint = f"Did you mean {', '.join(near)}?" if near else "timm.list_models() lists them."
        raise InputError(f"timm has no model called {name!r}", remedy=hint)


def _model(name: str, *, size: int | None, pretrained: bool) -> torch.nn.Module:
    """Build the network without its classifier, pooled over the image."""
    import timm

    fixed = bool((timm.get_pretrained_cfg(name) or timm.get_pretrained_cfg(name.split(".")[0])).fixed_input_size)
    of_size = {"img_size": size} if size is not None and fixed else {}
    try:
        return timm.create_model(name, pretrained=pretrained, num_classes=0, **of_size)
    except (TypeError, AssertionError) as error:
        raise InputError(
            f"timm cannot make {name} for {size} pixels ({error})", remedy="Leave --size out, or choose another."
        ) from error


def _fetched(name: str, *, size: int | None) -> torch.nn.Module:
    try:
        return _model(name, size=size, pretrained=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(
            f"timm's weights for {name} cannot be fetched ({' '.join(str(error).split())[:200]})",
            remedy="Connect to the internet once, or name a checkpoint on disk with --weights.",
        ) from error


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            loaded: Any = load_file(path)
        else:
            loaded = torch.load(path, map_location="cpu", weights_only=True)  # runs nothing that a pickle asks for
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise InputError(
            f"not a checkpoint of tensors ({' '.join(str(error).split())[:160]})",
            path=path,
            remedy="Save the network's state_dict(), best as safetensors.",
        ) from error
    for wrapper in ("state_dict", "model", "model_state_dict"):
        if isinstance(loaded, Mapping) and isinstance(loaded.get(wrapper), Mapping):
            loaded = loaded[wrapper]
    if not isinstance(loaded, Mapping) or not all(isinstance(value, torch.Tensor) for value in loaded.values()):
        raise InputError("it holds no state_dict", path=path, remedy="Save the network's state_dict().")
    return {str(name).removeprefix("module."): tensor for name, tensor in loaded.items()}


def _fill(model: torch.nn.Module, tensors: Mapping[str, torch.Tensor], *, path: Path) -> None:
    """Read the tensors into the network; those of a classifier are left out."""
    there = model.state_dict()
    try:
        loaded = model.load_state_dict({name: tensors[name] for name in there if name in tensors}, strict=False)
    except RuntimeError as error:  # other shapes
        raise InputError(
            f"its tensors do not fit the network ({' '.join(str(error).split())[:200]})",
            path=path,
            remedy="Name the timm model that the checkpoint was trained as, and its --size.",
        ) from error
    missing = loaded.missing_keys
    if missing:
        raise InputError(
            f"it lacks {len(missing)} of the network's {len(there)} tensors, such as {missing[0]}",
            path=path,
            remedy="Name the timm model that the checkpoint was trained as.",
        )


def _hash_of(tensors: Mapping[str, torch.Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(tensors[name].cpu().numpy()).tobytes())
    return digest.hexdigest()
