// From counted matrices of level by size to their sums, in the order of additions of the cpu engine.

// One block a list, (region, list) on the grid: sorts its keys. Batcher's merge exchange for any number of keys
// (Knuth, The Art of Computer Programming 3, 5.2.2 M), in shared memory where at most `capacity` of them fit.
extern "C" __global__ void sort_long(const Roi* rois, int n_angle, int n_sizes, int capacity, const int* n_long, int64* keys)
{
    DYN_SHARED(int64, slots);
    const int n = n_long[blockIdx.x * gridDim.y + blockIdx.y];
    if (n < 2) return;  // all threads alike
    int64* list = keys + long_list(rois[blockIdx.x], blockIdx.y, n_angle, n_sizes);
    const bool fits = n <= capacity;
    int64* sorted = fits ? slots : list;
    if (fits) {
        for (int k = threadIdx.x; k < n; k += blockDim.x) slots[k] = list[k];
        __syncthreads();
    }
    for (int p = 1; p < n; p *= 2) {
        for (int gap = p; gap > 0; gap /= 2) {
            const int first = gap == p ? 0 : gap;
            for (int e = threadIdx.x;; e += blockDim.x) {  // the e-th pair: all pairs of a pass are disjoint
                int low = first + 2 * (e & ~(gap - 1)) + (e & (gap - 1)), high = low + gap;
                if (high >= n) break;
                if (low / (2 * p) != high / (2 * p)) continue;
                int64 a = sorted[low], b = sorted[high];
                if (a > b) {
                    sorted[low] = b;
                    sorted[high] = a;
                }
            }
            __syncthreads();
        }
    }
    if (fits)
        for (int k = threadIdx.x; k < n; k += blockDim.x) list[k] = slots[k];
}

// The matrices of one region that become one: n of them, so many entries apart, each times its weight; without weights
// there is but one. And its long sizes, sorted.
struct Matrices {
    const int* entries;
    int64 apart;
    int n;
    const double* weights;
    const int64* keys;
    int n_long;
};

__device__ inline double entry(const Matrices& m, int64 at)
{
    if (!m.weights) return m.entries[at];
    double c = 0.0;
    for (int a = 0; a < m.n; a++) c += m.weights[a] * m.entries[a * m.apart + at];
    return c;
}

// The next key after the k-th that is `bound` or more: steps that double, then halve.
__device__ inline int next_key(const Matrices& m, int k, int64 bound)
{
    int step = 1;
    while (k + step < m.n_long && m.keys[k + step] < bound) step *= 2;
    int low = k + step / 2, high = min(k + step, m.n_long);
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (m.keys[middle] < bound) low = middle;
        else high = middle;
    }
    return high;
}

__device__ inline bool begins_entry(const Matrices& m, int k)
{
    return k == 0 || m.keys[k] >> ANGLE_BITS != m.keys[k - 1] >> ANGLE_BITS;
}

// Count of the entry that begins at the k-th key; k moves on to the next entry.
__device__ inline double long_entry(const Matrices& m, int& k)
{
    double c = 0.0;
    do {
        const int64 key = m.keys[k];
        const int next = next_key(m, k, key + 1);
        c += m.weights ? m.weights[key_angle(key)] * (next - k) : next - k;
        k = next;
    } while (k < m.n_long && !begins_entry(m, k));
    return c;
}

// Count of all entries of the size of the k-th key, the first of that size; k moves on to the next size.
__device__ inline double long_size(const Matrices& m, int& k)
{
    const int first = k, next = next_key(m, k, ((int64)key_size(m.keys[k]) + 1) << SIZE_SHIFT);
    double c = 0.0;
    if (m.weights)
        while (k < next) c += long_entry(m, k);
    k = next;
    return m.weights ? c : next - first;
}

struct Sums {
    double count, square, inverse;
};

// The same of all levels of the resulting matrix.
struct Levels {
    double *count, *square, *inverse;
};

__device__ inline Sums load(const Levels& levels, int64 level)
{
    return {levels.count[level], levels.square[level], levels.inverse[level]};
}

__device__ inline void store(const Levels& levels, int64 level, const Sums& sums)
{
    levels.count[level] = sums.count;
    levels.square[level] = sums.square;
    levels.inverse[level] = sums.inverse;
}

struct Totals {
    double n, sizes, logs;
};

// n log2 n for n below n_logs.
struct LogTable {
    const double* values;
    int n;
};

__device__ inline void add_entry(double c, int size, const LogTable& table, Sums& sums, Totals& totals)
{
    const double area = (double)size * size;
    sums.count += c;
    sums.square += c * area;
    sums.inverse += c / area;
    totals.n += c;
    totals.sizes += c * size;
    totals.logs += c < table.n && c == floor(c) ? table.values[(int)c] : c * log2(c);
}

// A thread adds the table's entries of its levels, in ascending size.
__device__ inline void sum_table(const Matrices& m, int64 width, int n_sizes, const LogTable& table, const Levels& levels,
                                 Totals& totals)
{
    for (int64 level = threadIdx.x; level < width; level += blockDim.x) {
        Sums sums = {0.0, 0.0, 0.0};
        for (int size = 1; size < n_sizes && level > 0; size++) {
            const double c = entry(m, level * n_sizes + size);
            if (c > 0.0) add_entry(c, size, table, sums, totals);
        }
        store(levels, level, sums);
    }
}

// And the long sizes' entries of its levels. So that not every thread works out every key's level, each does it for one key
// of a stretch, in `owners` (blockDim.x numbers): whose level it is, if an entry begins there.
__device__ inline void sum_long(const Matrices& m, const LogTable& table, const Levels& levels, int* owners, Totals& totals)
{
    for (int first = 0; first < m.n_long; first += blockDim.x) {
        const int mine = first + (int)threadIdx.x;
        const bool begins = mine < m.n_long && begins_entry(m, mine);
        owners[threadIdx.x] = begins ? key_level(m.keys[mine]) % (int)blockDim.x : -1;
        __syncthreads();
        for (int e = 0; e < (int)blockDim.x; e++) {
            if (owners[e] != (int)threadIdx.x) continue;
            int k = first + e;
            const int level = key_level(m.keys[k]), size = key_size(m.keys[k]);
            Sums sums = load(levels, level);
            add_entry(long_entry(m, k), size, table, sums, totals);
            store(levels, level, sums);
        }
        __syncthreads();
    }
}

// Counts by size over all levels. As many groups of n_sizes threads as the block has share the levels, a thread of each
// adding one size's. `partial` holds max(blockDim.x, n_sizes) doubles.
__device__ inline void sum_by_size(const Matrices& m, int64 width, int n_sizes, double* partial, double* by_size)
{
    const int groups = max((int)blockDim.x / n_sizes, 1);
    for (int e = threadIdx.x; e < groups * n_sizes; e += blockDim.x) {
        double c = 0.0;
        for (int64 level = 1 + e / n_sizes; level < width; level += groups) c += entry(m, level * n_sizes + e % n_sizes);
        partial[e] = c;
    }
    __syncthreads();
    for (int size = threadIdx.x; size < n_sizes; size += blockDim.x) {
        double c = 0.0;
        for (int group = 0; group < groups; group++) c += partial[group * n_sizes + size];
        by_size[size] = c;
    }
    __syncthreads();
}

// Joint sums over sizes, in ascending order: sum of squared counts by size, and of c (j - mean)^2. For one thread.
__device__ inline void sum_sizes(const Matrices& m, int n_sizes, const double* by_size, double mean, double* joint)
{
    double squares = 0.0, spread = 0.0;
    for (int size = 1; size < n_sizes; size++) {
        squares += by_size[size] * by_size[size];
        spread += by_size[size] * (size - mean) * (size - mean);
    }
    for (int k = 0; k < m.n_long;) {
        const int size = key_size(m.keys[k]);
        const double c = long_size(m, k);
        squares += c * c;
        spread += c * (size - mean) * (size - mean);
    }
    joint[1] = squares;
    joint[3] = spread;
}

// One block a resulting matrix, (region, matrix) on the grid: SizeStats of size_statistics.py. Level 0 and size 0 are left out.
extern "C" __global__ void reduce_sizes(const Roi* rois, const int* table, int n_angle, int64 width, int n_sizes,
                                        const int64* keys, const int* n_long, const double* weights,
                                        const double* log_table, int n_logs, double* count, double* square,
                                        double* inverse, double* joint)
{
    DYN_SHARED(double, slots);  // max(blockDim.x, n_sizes) partial sums, then n_sizes counts by size
    double* by_size = slots + max((int)blockDim.x, n_sizes);
    const int64 r = blockIdx.x, out = r * gridDim.y + blockIdx.y;
    Matrices m = {table, width * n_sizes, n_angle, weights ? weights + r * n_angle : weights, keys, 0};
    m.entries += (r * n_angle + blockIdx.y) * m.apart;
    if (n_long) {
        m.keys += long_list(rois[r], blockIdx.y, n_angle, n_sizes);
        m.n_long = n_long[out];
    }
    const LogTable logs = {log_table, n_logs};
    const Levels levels = {count + out * width, square + out * width, inverse + out * width};
    Totals totals = {0.0, 0.0, 0.0};
    sum_table(m, width, n_sizes, logs, levels, totals);
    sum_long(m, logs, levels, reinterpret_cast<int*>(slots), totals);
    totals.n = block_sum(totals.n, slots);
    totals.sizes = block_sum(totals.sizes, slots);
    totals.logs = block_sum(totals.logs, slots);
    sum_by_size(m, width, n_sizes, slots, by_size);
    if (threadIdx.x > 0) return;
    joint[4 * out] = totals.sizes;
    joint[4 * out + 2] = totals.logs;
    sum_sizes(m, n_sizes, by_size, totals.n > 0.0 ? totals.sizes / totals.n : 0.0, joint + 4 * out);
}
