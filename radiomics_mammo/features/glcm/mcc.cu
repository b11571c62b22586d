// The second largest singular value of the normalised matrix, as mcc.py has it: Lanczos' iteration on what the known
// vector sqrt(p) leaves (Golub and Van Loan, Matrix Computations, 10.1), then the extreme eigenvalues of the tridiagonal
// matrix by counts of sign changes (8.4), 32 points at a time.

#define MOST_STEPS 1200
#define RESOLUTION (1.0 / 256)

// alpha[0 to k - 1] on the diagonal, beta[1 to k - 1] beside it; beta[0] is 0, beta[k] what the iteration left over.
struct Tridiagonal {
    const double *alpha, *beta;
    int k;
    double sign;  // 1, or -1 for the other end of the spectrum

    // How many eigenvalues are above x.
    __device__ int above(double x) const
    {
        int n = 0;
        double d = 1.0;
        for (int q = 0; q < k; q++) {
            d = x - sign * alpha[q] - beta[q] * beta[q] / d;
            if (d == 0.0) d = 1e-300;
            if (d < 0.0) n++;
        }
        return n;
    }

    // By one warp: the rank-th largest eigenvalue, or 0 if that is negative, from above; each round narrows 33-fold.
    __device__ double eigenvalue(int rank, int rounds) const
    {
        double low = 0.0, high = 1.0 + RESOLUTION;  // no singular value exceeds 1
        for (; rounds > 0; rounds--) {
            double step = (high - low) / 33;
            int below = __popc(__ballot_sync(~0u, above(low + step * (threadIdx.x % 32 + 1)) >= rank));
            if (below < 32) high = low + step * (below + 1);
            low += step * below;
        }
        return high;
    }

    // Last component of the unit eigenvector of `top`: the three-term recurrence run upwards grows, so it is stable.
    __device__ double last_component(double top) const
    {
        double following = 0.0, current = 1.0, square = 1.0;
        for (int q = k - 1; q > 0 && beta[q] >= 1e-300 && square <= 1e280; q--) {
            double beyond = q + 1 < k ? sign * beta[q + 1] * following : 0.0;
            double earlier = ((top - sign * alpha[q]) * current - beyond) / (sign * beta[q]);
            following = current;
            current = earlier;
            square += current * current;
        }
        return 1.0 / sqrt(square);
    }
};

// By the block: the largest absolute eigenvalue, and whether it is good to 1e-13. `found` are 4 values in shared memory.
__device__ inline bool ritz(Tridiagonal t, int signs, double* found, double& best)
{
    for (int s = threadIdx.x / 32; s < signs; s += blockDim.x / 32) {
        t.sign = s == 0 ? 1.0 : -1.0;
        double top = t.eigenvalue(1, 11);
        double gap = t.k > 1 ? max(top - t.eigenvalue(2, 2), RESOLUTION) : 1.0;
        double residual = t.beta[t.k] * t.last_component(top);
        if (threadIdx.x % 32 > 0) continue;
        found[s] = top;
        found[2 + s] = min(residual, residual * residual / gap) <= 1e-13 * max(top, 1e-3) ? 1.0 : 0.0;
    }
    __syncthreads();
    best = signs > 1 ? max(found[0], found[1]) : found[0];
    bool good = true;
    // Both ends are watched where they are close: the one that will win may still be on its way.
    for (int s = 0; s < signs; s++) good = good && (found[2 + s] > 0.0 || found[s] < best - 4.0 * RESOLUTION);
    return good;
}

// The matrix S (or [[0, S], [S', 0]]) of a segment, its nodes counted from 0.
struct Matrix {
    const int64* row_start;
    const int* column;
    const double* value;
};

// The iteration's vectors: u is taken out of all others; v is the newest, `before` the one before it (in the second matrix
// they lie on different sides and share an array); w is the next. A thread alone owns entry low + threadIdx.x, and so on.
struct Vectors {
    double *u, *v, *before, *w;
};

// By the block: w = S v in rows low to high - 1; gives v'w. The sum's barrier lets the owners see w.
__device__ inline double times(const Matrix& S, const Vectors& x, int low, int high, double* slots, int& half)
{
    double overlap = 0.0;
    for (int row = low + threadIdx.x / 32; row < high; row += blockDim.x / 32) {
        double sum = 0.0;
        for (int64 e = S.row_start[row] + threadIdx.x % 32; e < S.row_start[row + 1]; e += 32)
            sum += S.value[e] * x.v[S.column[e]];
        sum = warp_total(sum);
        if (threadIdx.x % 32 > 0) continue;
        x.w[row] = sum;
        overlap += sum * x.v[row];
    }
    return block_total(overlap, slots, half);
}

// By the block: takes u out of x[low to high - 1].
__device__ inline void take_out(const double* u, double* x, int low, int high, double* slots, int& half)
{
    double overlap = 0.0;
    for (int q = low + threadIdx.x; q < high; q += blockDim.x) overlap += u[q] * x[q];
    overlap = block_total(overlap, slots, half);
    for (int q = low + threadIdx.x; q < high; q += blockDim.x) x[q] -= overlap * u[q];
}

// By the block: the length of x[low to high - 1].
__device__ inline double length_of(const double* x, int low, int high, double* slots, int& half)
{
    double square = 0.0;
    for (int q = low + threadIdx.x; q < high; q += blockDim.x) square += x[q] * x[q];
    return sqrt(block_total(square, slots, half));
}

// By the block: u, and a pseudo-random unit vector on the first n entries without it. False if nothing is left.
__device__ inline bool start(const Vectors& x, const double* node_sum, double total, const double* noise, int n, int size,
                             double* slots, int& half)
{
    for (int q = threadIdx.x; q < size; q += blockDim.x) {
        x.u[q] = sqrt(node_sum[q] / total);
        x.before[q] = 0.0;
        x.v[q] = q < n ? noise[q] : 0.0;
    }
    take_out(x.u, x.v, 0, n, slots, half);
    take_out(x.u, x.v, 0, n, slots, half);
    double length = length_of(x.v, 0, n, slots, half);
    for (int q = threadIdx.x; q < n; q += blockDim.x) x.v[q] /= length;
    __syncthreads();
    return length >= 1e-8;
}

// By the block: the largest absolute eigenvalue of S on the complement of u. No basis is kept: lost orthogonality only
// repeats eigenvalues. Started on the rows, the second matrix leads to the columns and back.
__device__ inline double lanczos(const Matrix& S, const Vectors& x, int n, int size, bool symmetric, double* alpha,
                                 double* beta, double* slots, int& half)
{
    // A small space is exhausted after these steps; what follows would be rounding noise.
    const int whole = symmetric ? n - 1 : min(2 * n - 2, 2 * (size - n) - 1);
    const int steps = n <= 24 ? max(whole, 1) : min(6 * n, MOST_STEPS);
    double best = 0.0, b = 0.0;
    for (int k = 0, check = 16; k < steps; k++) {
        const int low = symmetric || k % 2 == 1 ? 0 : n, high = symmetric || k % 2 == 0 ? size : n;
        double a = times(S, x, low, high, slots, half);
        if (!symmetric) a = 0.0;
        for (int q = low + threadIdx.x; q < high; q += blockDim.x) x.w[q] -= a * x.v[q] + b * x.before[q];
        take_out(x.u, x.w, low, high, slots, half);
        if (threadIdx.x == 0) alpha[k] = a;
        if (threadIdx.x == 0) beta[k] = b;
        b = length_of(x.w, low, high, slots, half);
        if (threadIdx.x == 0) beta[k + 1] = b;
        for (int q = low + threadIdx.x; q < high; q += blockDim.x) {
            x.before[q] = x.v[q];
            x.v[q] = x.w[q] / b;
        }
        __syncthreads();
        const bool last = b < 1e-10 || k == steps - 1;
        if (!last && k + 1 != check) continue;
        const bool converged = ritz({alpha, beta, k + 1, 1.0}, symmetric ? 2 : 1, slots + 64, best);
        if (last || converged) break;
        check += check / 4;
    }
    return best;
}

// One block a (region, segment of it).
// Shared: most_steps and most_steps + 1 doubles, then, if the vectors lie there (and not in `scratch`), 4 x rows.
// The bound leaves 64 registers, so that four blocks of 256 run side by side.
extern "C" __global__ void __launch_bounds__(1024) second_correlation(
    const Segment* segments, const int64* row_start, const int* column, const double* value, const double* node_sum,
    const double* joint, const double* noise, int symmetric, int most_steps, int64 rows, int in_shared, double* scratch,
    double* mcc)
{
    DYN_SHARED(double, shared);
    __shared__ double slots[64 + 4];  // for sums, and for ritz
    int half = 0;
    const int64 number = (int64)blockIdx.x * gridDim.y + blockIdx.y;
    const Segment own = segments[number];
    const int n = (int)(own.split - own.first), size = (int)(own.end - own.first);
    const double total = joint[number * 5];
    double *alpha = shared, *beta = alpha + most_steps;
    double* u = in_shared ? beta + most_steps + 1 : scratch + number * 4 * rows;
    double* v = u + rows;
    const Vectors x = {u, v, symmetric ? v + rows : v, v + 2 * rows};
    const Matrix S = {row_start + own.first, column, value};
    double result = __longlong_as_double(0x7FF8000000000000LL);  // NaN: no pair
    if (total > 0)
        result = start(x, node_sum + own.first, total, noise, n, size, slots, half)
                     ? lanczos(S, x, n, size, symmetric, alpha, beta, slots, half)
                     : 0.0;
    if (threadIdx.x == 0) mcc[number] = result;
}
