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

// The matrices of one region that become one: n of them, so many cells apart, each times its weight; without weights
// there is but one. And its long sizes, sorted.
struct Matrices {
    const int* cells;
    int64 apart;
    int n;
    const double* weights;
    const int64* keys;
    int n_long;
};

__device__ inline double cell(const Matrices& m, int64 at)
{
    if (!m.weights) return m.cells[at];
    double c = 0.0;
    for (int a = 0; a < m.n; a++) c += m.weights[a] * m.cells[a * m.apart + at];
    return c;
}

// Count of the cell that begins at the k-th key; k moves on to the next cell.
__device__ inline double long_cell(const Matrices& m, int& k)
{
    const int64 here = m.keys[k] >> ANGLE_BITS;
    double c = 0.0;
    while (k < m.n_long && m.keys[k] >> ANGLE_BITS == here) {
        const int64 key = m.keys[k];
        const int first = k;
        while (k < m.n_long && m.keys[k] == key) k++;
        c += m.weights ? m.weights[key_angle(key)] * (k - first) : k - first;
    }
    return c;
}

struct Sums {
    double count, square, inverse;
};

__device__ inline void add_cell(Sums& sums, double c, int size)
{
    double area = (double)size * size;
    sums.count += c;
    sums.square += c * area;
    sums.inverse += c / area;
}

__device__ inline double c_log2_c(double c, const double* log_table, int n_logs)
{
    return c < n_logs && c == floor(c) ? log_table[(int)c] : c * log2(c);
}

struct Totals {
    double n, sizes, logs;
};

// A thread adds the cells of its levels, each level's in ascending size. Gives the thread's share of the totals.
__device__ inline Totals sum_levels(const Matrices& m, int64 width, int n_sizes, const double* log_table, int n_logs,
                                    double* count, double* square, double* inverse)
{
    Totals totals = {0.0, 0.0, 0.0};
    for (int64 level = threadIdx.x; level < width; level += blockDim.x) {
        Sums sums = {0.0, 0.0, 0.0};
        for (int size = 1; size < n_sizes && level > 0; size++) {
            double c = cell(m, level * n_sizes + size);
            if (c == 0.0) continue;
            add_cell(sums, c, size);
            totals.sizes += c * size;
            totals.logs += c_log2_c(c, log_table, n_logs);
        }
        totals.n += sums.count;
        count[level] = sums.count;
        square[level] = sums.square;
        inverse[level] = sums.inverse;
    }
    for (int k = 0; k < m.n_long;) {
        const int level = key_level(m.keys[k]), size = key_size(m.keys[k]);
        if (level % blockDim.x != threadIdx.x) {
            k++;
            continue;
        }
        double c = long_cell(m, k);
        Sums sums = {count[level], square[level], inverse[level]};  // this thread's own
        add_cell(sums, c, size);
        count[level] = sums.count;
        square[level] = sums.square;
        inverse[level] = sums.inverse;
        totals.n += c;
        totals.sizes += c * size;
        totals.logs += c_log2_c(c, log_table, n_logs);
    }
    return totals;
}

// Counts by size over all levels: the block's threads take a size and every so manieth level each. `partial` holds
// max(blockDim.x, n_sizes) doubles.
__device__ inline void sum_by_size(const Matrices& m, int64 width, int n_sizes, double* partial, double* by_size)
{
    const int groups = max((int)blockDim.x / n_sizes, 1);
    for (int e = threadIdx.x; e < groups * n_sizes; e += blockDim.x) {
        double c = 0.0;
        for (int64 level = 1 + e / n_sizes; level < width; level += groups) c += cell(m, level * n_sizes + e % n_sizes);
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

// One block a resulting matrix, (region, matrix) on the grid: SizeStats of _sizes.py. Level 0 and size 0 are left out.
extern "C" __global__ void reduce_sizes(const Roi* rois, const int* table, int n_angle, int64 width, int n_sizes,
                                        const int64* keys, const int* n_long, const double* weights,
                                        const double* log_table, int n_logs, double* count, double* square,
                                        double* inverse, double* joint)
{
    DYN_SHARED(double, slots);  // max(blockDim.x, n_sizes) partial sums, then n_sizes counts by size
    double* by_size = slots + max((int)blockDim.x, n_sizes);
    const int64 r = blockIdx.x, out = r * gridDim.y + blockIdx.y;
    Matrices m = {table, width * n_sizes, n_angle, weights ? weights + r * n_angle : weights, keys, 0};
    m.cells += (r * n_angle + blockIdx.y) * m.apart;
    if (n_long) {
        m.keys += long_list(rois[r], blockIdx.y, n_angle, n_sizes);
        m.n_long = n_long[out];
    }
    Totals totals = sum_levels(m, width, n_sizes, log_table, n_logs, count + out * width, square + out * width,
                               inverse + out * width);
    const double n = block_sum(totals.n, slots), sizes = block_sum(totals.sizes, slots);
    const double logs = block_sum(totals.logs, slots);
    sum_by_size(m, width, n_sizes, slots, by_size);
    if (threadIdx.x > 0) return;
    const double mean = n > 0.0 ? sizes / n : 0.0;
    double squares = 0.0, spread = 0.0;
    for (int size = 1; size < n_sizes; size++) {
        squares += by_size[size] * by_size[size];
        spread += by_size[size] * (size - mean) * (size - mean);
    }
    for (int k = 0; k < m.n_long;) {
        const int size = key_size(m.keys[k]);
        double c = 0.0;
        while (k < m.n_long && key_size(m.keys[k]) == size) c += long_cell(m, k);
        squares += c * c;
        spread += c * (size - mean) * (size - mean);
    }
    const double found[4] = {sizes, squares, logs, spread};
    for (int k = 0; k < 4; k++) joint[4 * out + k] = found[k];
}
