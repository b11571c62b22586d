"""The dense head as a scikit-learn classifier."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from radiomics_mammo.errors import EngineError, InputError
from radiomics_mammo.evaluation.training.estimators.dense_head import network as net
from radiomics_mammo.evaluation.training.estimators.dense_head.numpy_network import NumpyNetwork

Floats = NDArray[np.float64]

BACKENDS = ("auto", "numpy", "torch")
DEVICES = ("cpu", "cuda")


class DenseHead(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Dense layer of rectified units, dropout and one sigmoid unit, for embeddings.

    Trained on binary cross-entropy by Adam with decoupled weight decay. Initial weights, order of the batches and
    dropout are drawn from one NumPy generator whatever trains it, so the backends follow the same path up to the
    rounding of float32; the same seed on the same machine gives the same bits. The columns have to be standardised
    already, and free of NaN.

    Parameters
    ----------
    dropout : float
        Share of them that is left out in each step, 0 or more and below 1.
    rate, decay : float
        Of Adam: each step takes rate * decay of a weight away.
    balanced : bool
        Whether both classes count the same in the loss.
    backend : str
        ``auto`` is PyTorch where it is installed, else NumPy.
    device : str
        ``cpu`` or ``cuda``; only PyTorch trains on CUDA.

    Attributes
    ----------
    weights_ : dict of str to ndarray of float32
        ``w1`` (n_columns, hidden), ``b1`` (hidden,), ``w2`` (hidden,), ``b2`` (1,). Predicting needs nothing else.
    """

    def __init__(
        self,
        hidden: int = 128,
        dropout: float = 0.4,
        rate: float = 1e-3,
        decay: float = 1e-4,
        batch: int = 32,
        epochs: int = 60,
        balanced: bool = True,
        seed: int = 0,
        backend: str = "auto",
        device: str = "cpu",
    ) -> None:
        self.hidden = hidden
        self.dropout = dropout
        self.rate = rate
        self.decay = decay
        self.batch = batch
        self.epochs = epochs
        self.balanced = balanced
        self.seed = seed
        self.backend = backend
        self.device = device

    def fit(self, X: Floats, y: NDArray[np.int8]) -> Self:
        """Train for ``epochs`` epochs."""
        training = Training(self, X, y, seed=self.seed)
        with single_thread(training.backend):
            for _ in range(self.epochs):
                training.epoch()
        self.weights_ = training.weights()
        self.classes_ = np.array([0, 1])
        self.backend_ = training.backend
        self.n_features_in_ = int(np.shape(X)[1])
        return self

    def decision_function(self, X: Floats) -> Floats:
        """Give the log-odds of class 1; shape (n_rows,)."""
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self, "weights_")
        return net.margin(self.weights_, np.asarray(X, dtype=net.PRECISION))

    def predict_proba(self, X: Floats) -> Floats:
        """Give the probabilities of class 0 and of class 1; shape (n_rows, 2)."""
        p = net.probability(self.decision_function(X))
        return np.column_stack([1.0 - p, p])

    def predict(self, X: Floats) -> NDArray[np.int64]:
        """Give the more probable class; shape (n_rows,)."""
        return np.asarray(self.classes_[(self.decision_function(X) > 0).astype(np.intp)])


class Training:
    """A head on its way: its network and the generator that everything random is drawn from.

    Attributes
    ----------
    backend : str
        ``numpy`` or ``torch``.
    class_weights : ndarray of float64, shape (2,)
        What a row of each class counts in the loss.
    """

    def __init__(self, head: DenseHead, x: Floats, y: NDArray[np.int8], *, seed: int) -> None:
        _check(head, y)
        self._head, self._n_rows, self._rng = head, y.size, np.random.default_rng(seed)
        self.backend = resolve_backend(head.backend, device=head.device)
        self.class_weights = net.class_weights(y, balanced=head.balanced)
        start = net.initial_weights(self._rng, n_columns=x.shape[1], hidden=head.hidden)
        rows, cost = np.asarray(x, dtype=net.PRECISION), self.class_weights[y].astype(net.PRECISION)
        self._network = _network(head, self.backend, (start, rows, y.astype(net.PRECISION), cost))

    def epoch(self) -> None:
        """Go through all rows once."""
        head = self._head
        drawn = net.draw_epoch(
            self._rng, n_rows=self._n_rows, batch=head.batch, hidden=head.hidden, dropout=head.dropout
        )
        for rows, mask in drawn:
            self._network.step(rows, mask)

    def weights(self) -> net.Weights:
        """Give the weights as they are now."""
        return self._network.weights()


def _network(head: DenseHead, backend: str, start: tuple[net.Weights, Any, Any, Any]) -> net.Network:
    if backend == "numpy":
        return NumpyNetwork(*start, rate=head.rate, decay=head.decay)
    from radiomics_mammo.evaluation.training.estimators.dense_head.torch_network import TorchNetwork

    return TorchNetwork(*start, rate=head.rate, decay=head.decay, device=head.device)


def resolve_backend(backend: str, *, device: str) -> str:
    """Say what will train a head here, ``numpy`` or ``torch``."""
    if backend not in BACKENDS:
        raise InputError(f"no backend is called {backend!r}", remedy=f"Backends: {', '.join(BACKENDS)}.")
    if device not in DEVICES:
        raise InputError(f"no device is called {device!r}", remedy=f"Devices: {', '.join(DEVICES)}.")
    if backend == "numpy" and device == "cuda":
        raise InputError("NumPy does not train on CUDA", remedy="Use the backend torch, or the device cpu.")
    there = find_spec("torch") is not None
    if not there and (backend == "torch" or device == "cuda"):
        raise EngineError(
            "PyTorch is not installed", remedy="pip install 'radiomics-mammo[torch]', or use the backend numpy."
        )
    return "torch" if there and backend != "numpy" else "numpy"


@contextmanager
def single_thread(backend: str) -> Iterator[None]:
    """Keep linear algebra to one thread, on which it adds in one order."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    torch: Any = import_module("torch") if backend == "torch" else None
    before = 1 if torch is None else torch.get_num_threads()
    with threadpool_limits(1):
        try:
            if torch is not None:
                torch.set_num_threads(1)
            yield
        finally:
            if torch is not None:
                torch.set_num_threads(before)


def _check(head: DenseHead, y: NDArray[np.int8]) -> None:
    wrong = [
        name
        for name, fine in {
            "hidden (1 or more)": head.hidden >= 1,
            "dropout (0 or more, below 1)": 0.0 <= head.dropout < 1.0,
            "rate (above 0)": head.rate > 0.0,
            "decay (0 or more)": head.decay >= 0.0,
            "batch (1 or more)": head.batch >= 1,
            "epochs (1 or more)": head.epochs >= 1,
        }.items()
        if not fine
    ]
    if wrong:
        raise InputError(f"the dense head's {', '.join(wrong)} is out of range", remedy="Choose another value.")
    if np.unique(y).size < 2:
        raise InputError("the rows to train a dense head on are all of one class", remedy="Use fewer folds.")
