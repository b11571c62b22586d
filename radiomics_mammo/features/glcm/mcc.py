"""The maximal correlation coefficient: the second largest singular value of the normalised matrix.

pyradiomics takes the square root of the second largest eigenvalue of Q(i, j) = sum_k p(i, k) p(j, k) / (px(i) py(k)).
Q is similar to S S' with S(i, j) = p(i, j) / sqrt(px(i) py(j)), whose largest singular value is 1 with the known
vectors sqrt(px), sqrt(py). Taking those out leaves one extreme eigenvalue to find, which Lanczos' iteration does in a
few dozen products instead of a whole decomposition (Golub and Van Loan, Matrix Computations, 10.1). Where S is not
symmetric the same is done with [[0, S], [S', 0]], whose eigenvalues are plus and minus the singular values (10.4): in
S S' small ones would lie too close together to be told apart. pyradiomics adds
2.2e-16 to px(i) py(k); rare levels make that visible in the ninth digit, so that it is done here, too.
"""

from __future__ import annotations

import math

import numpy as np

from radiomics_mammo.compute.jit import kernel

DENSE_LEVELS = 320
"""Up to this many occupied levels the products run over a dense matrix."""

EPSILON = float(np.spacing(1))

RESOLUTION = 1.0 / 256
"""How closely Sturm counts pin an eigenvalue before Newton's method takes over."""


@kernel
def second_correlation(i, j, c, px, py, symmetric):
    """Compute the second largest singular value of S, from the non-zero entries of the count matrix.

    Parameters
    ----------
    i, j : ndarray of int64, shape (n_entries,)
        Levels of each entry; only i <= j when symmetric.
    c : ndarray of float64, shape (n_entries,)
        Counts; the diagonal of a symmetric matrix counts twice.
    px, py : ndarray of float64, shape (n_levels + 1,)
        Row and column sums.
    """
    rows = np.cumsum(px > 0) - 1
    columns = np.cumsum(py > 0) - 1
    n, m = rows[-1] + 1, columns[-1] + 1
    if n < 1 or m < 1:
        return math.nan
    u = np.sqrt(px[px > 0] / px.sum())
    if not symmetric:
        u = np.concatenate((u, np.sqrt(py[py > 0] / py.sum())))
    s = np.empty(len(c))
    epsilon = EPSILON * px.sum() ** 2
    for k in range(len(c)):
        twice = 2.0 if symmetric and i[k] == j[k] else 1.0
        s[k] = twice * c[k] / math.sqrt(px[i[k]] * py[j[k]] + epsilon)
    dense = max(n, m) <= DENSE_LEVELS
    S = np.zeros((n if dense else 1, m if dense else 1))
    if dense:
        for k in range(len(c)):
            S[rows[i[k]], columns[j[k]]] = s[k]
            if symmetric:
                S[rows[j[k]], columns[i[k]]] = s[k]
    return _lanczos(S, rows[i], columns[j] if symmetric else n + columns[j], s, u, n, symmetric, dense)


REORDERED = {"reassoc", "contract", "nsz", "arcp"}
"""The reductions here may be vectorised; they serve an iteration that converges to the same value anyway."""


@kernel(fastmath=REORDERED)
def _dot(a, b):
    acc = 0.0
    for k in range(len(a)):
        acc += a[k] * b[k]
    return acc


@kernel(fastmath=REORDERED)
def _times(S, v, out):
    """Write S v into ``out``."""
    for k in range(S.shape[0]):
        acc = 0.0
        for q in range(S.shape[1]):
            acc += S[k, q] * v[q]
        out[k] = acc


@kernel(fastmath=REORDERED)
def _times_transposed(S, v, out):
    """Write S' v into ``out``."""
    out[:] = 0.0
    for k in range(S.shape[0]):
        for q in range(S.shape[1]):
            out[q] += S[k, q] * v[k]


@kernel
def _apply(S, i, j, s, v, out, n, symmetric, dense):
    """Write S v into ``out`` (symmetric), or [[0, S], [S', 0]] v; n is the number of rows of S."""
    if symmetric and dense:
        _times(S, v, out)
    elif dense and v[:n].any():
        _times_transposed(S, v[:n], out[n:])
    elif dense:
        _times(S, v[n:], out[:n])
    else:
        out[:] = 0.0
        for k in range(len(s)):
            out[i[k]] += s[k] * v[j[k]]
            if i[k] != j[k]:
                out[j[k]] += s[k] * v[i[k]]


@kernel
def _take_out(u, w):
    overlap = _dot(u, w)
    for q in range(len(u)):
        w[q] -= overlap * u[q]


@kernel
def _start(u, n):
    """Return a fixed pseudo-random vector (xorshift) without u on the first n entries: no direction is missed."""
    v = np.zeros(len(u))
    state = np.uint64(0x9E3779B97F4A7C15)
    for k in range(n):
        state ^= state << np.uint64(13)
        state ^= state >> np.uint64(7)
        state ^= state << np.uint64(17)
        v[k] = (state >> np.uint64(11)) * (1.0 / 9007199254740992.0) - 0.5
    _take_out(u[:n], v[:n])
    _take_out(u[:n], v[:n])
    return v


@kernel
def _lanczos(S, i, j, s, u, n, symmetric, dense):
    """Largest absolute eigenvalue of S (or of [[0, S], [S', 0]]) on the complement of u.

    The iteration keeps no basis: lost orthogonality only repeats eigenvalues, and u is taken out at every step. Started
    on the rows, the second matrix leads to the columns and back: every vector is 0 on one of the two sides.
    """
    size = len(u)
    # A small space is exhausted after these steps; what follows would be rounding noise.
    whole = n - 1 if symmetric else min(2 * n - 2, 2 * (size - n) - 1)
    steps = max(whole, 1) if n <= 24 else min(6 * n, 1200)
    alpha, beta = np.empty(steps), np.empty(steps + 1)
    before, v, w = np.zeros(size), _start(u, n), np.zeros(size)
    norm = math.sqrt(_dot(v, v))
    if norm < 1e-8:  # one level: nothing is left
        return 0.0
    v /= norm
    beta[0] = 0.0
    best, check = 0.0, 16
    for k in range(steps):
        _apply(S, i, j, s, v, w, n, symmetric, dense)
        low, high = (0, size) if symmetric else (n, size) if k % 2 == 0 else (0, n)
        a = _dot(w, v) if symmetric else 0.0
        for q in range(low, high):
            w[q] -= a * v[q] + beta[k] * before[q]
        _take_out(u[low:high], w[low:high])
        alpha[k] = a
        b = math.sqrt(_dot(w[low:high], w[low:high]))
        beta[k + 1] = b
        last = b < 1e-10 or k == steps - 1
        if last or k + 1 == check:
            best, converged = _ritz(alpha, beta, k + 1)
            if last or converged:
                break
            check += check // 4
        before[:] = v
        if not symmetric:
            v[:] = 0.0
        for q in range(low, high):
            v[q] = w[q] / b
    return best


@kernel
def _ritz(alpha, beta, k):
    """Largest absolute eigenvalue of the k x k tridiagonal matrix, and whether it is good to 1e-13."""
    high = _upper_bound(alpha, beta, k, 1.0, 1)
    low = _upper_bound(alpha, beta, k, -1.0, 1)
    value, converged = 0.0, True
    # Both ends are watched where they are close: the one that will win may still be on its way.
    for sign, bound in ((1.0, high), (-1.0, low)):
        if bound < max(high, low) - 4.0 * RESOLUTION:
            continue
        top = _newton(alpha, beta, k, sign, bound)
        gap = max(top - _upper_bound(alpha, beta, k, sign, 2), RESOLUTION) if k > 1 else 1.0
        residual = beta[k] * _last_component(alpha, beta, k, sign, top)
        value = max(value, top)
        converged = converged and min(residual, residual * residual / gap) <= 1e-13 * max(top, 1e-3)
    return value, converged


@kernel
def _upper_bound(alpha, beta, k, sign, rank):
    """Return an upper bound, tight to RESOLUTION, of the rank-th largest eigenvalue of sign * T (Sturm counts)."""
    low, high = -1.0 - RESOLUTION, 1.0 + RESOLUTION  # no singular value of S exceeds 1
    # From farther than a few per cent of a small eigenvalue Newton's method would creep.
    while high - low > RESOLUTION * max(min(16.0 * high, 1.0), RESOLUTION):
        x = 0.5 * (low + high)
        above = 0
        d = 1.0
        for q in range(k):
            d = x - sign * alpha[q] - (beta[q] * beta[q] / d if q > 0 else 0.0)
            if d == 0.0:
                d = 1e-300
            if d < 0.0:
                above += 1
        if above >= rank:
            low = x
        else:
            high = x
    return high


@kernel
def _newton(alpha, beta, k, sign, x):
    """Return the largest eigenvalue of sign * T from a bound above it: Newton's steps descend and never overshoot."""
    for _ in range(500):
        d, slope = x - sign * alpha[0], 1.0
        ratio = slope / d if d != 0.0 else 1e300
        for q in range(1, k):
            link = beta[q] * beta[q]
            slope = 1.0 + link * slope / (d * d) if d != 0.0 else 1e300
            d = x - sign * alpha[q] - (link / d if d != 0.0 else 1e300)
            if d <= 0.0:  # rounding has carried x onto the root
                return x
            ratio += slope / d
        step = 1.0 / ratio
        if not step > 4e-16 * abs(x):
            return x
        x -= step
    return x


@kernel
def _last_component(alpha, beta, k, sign, top):
    """Last component of the unit eigenvector: the three-term recurrence run upwards grows, so it is stable."""
    following, current, square = 0.0, 1.0, 1.0
    for q in range(k - 1, 0, -1):
        if beta[q] < 1e-300 or square > 1e280:
            break
        rest_above = sign * beta[q + 1] * following if q + 1 < k else 0.0
        earlier = ((top - sign * alpha[q]) * current - rest_above) / (sign * beta[q])
        following, current = current, earlier
        square += current * current
    return 1.0 / math.sqrt(square)
