"""The head trained by PyTorch: its own gradients and its own Adam, on the processor or on CUDA."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from radiomics_mammo.errors import EngineError
from radiomics_mammo.evaluation.training.estimators.dense_head.network import ADAM, DECAYED, Numbers, Rows, Weights


class TorchNetwork:
    """A head in training by PyTorch."""

    def __init__(
        self, weights: Weights, x: Numbers, y: Numbers, cost: Numbers, *, rate: float, decay: float, device: str
    ) -> None:
        self._torch: Any = import_module("torch")
        if device == "cuda" and not self._torch.cuda.is_available():
            raise EngineError("PyTorch finds no CUDA device here", remedy="Train the dense head on the cpu.")
        self._device = device
        self._x, self._y, self._cost = (self._there(value) for value in (x, y, cost))
        self._weights = {name: self._there(value).requires_grad_() for name, value in weights.items()}
        groups = [
            {"params": [self._weights[name]], "weight_decay": decay if name in DECAYED else 0.0} for name in weights
        ]
        beta1, beta2, epsilon = ADAM
        self._adam = self._torch.optim.AdamW(groups, lr=rate, betas=(beta1, beta2), eps=epsilon)

    def _there(self, value: Any) -> Any:
        return self._torch.tensor(value, device=self._device)  # a copy: read-only arrays are welcome

    def step(self, rows: Rows, mask: Numbers) -> None:
        """Take one step of Adam on a batch."""
        at, w = self._there(rows), self._weights
        left = self._torch.relu(self._x[at] @ w["w1"] + w["b1"]) * self._there(mask)
        z = left @ w["w2"] + w["b2"]
        loss = self._torch.nn.functional.binary_cross_entropy_with_logits(z, self._y[at], weight=self._cost[at])
        self._adam.zero_grad()
        loss.backward()
        self._adam.step()

    def weights(self) -> Weights:
        """Give the weights as they are now, as NumPy arrays of their own."""
        return {name: value.detach().cpu().numpy().copy() for name, value in self._weights.items()}
