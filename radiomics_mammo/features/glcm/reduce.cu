// From non-zero entries to sufficient statistics, and to the normalised matrix whose second singular value is sought.

#define EPSILON 2.220446049250313e-16  // pyradiomics adds it to px(i) py(j)

// c log2 c; small whole numbers are looked up.
__device__ inline double xlog2x(double c, const double* table, int known)
{
    int whole = c < known ? (int)c : 0;
    return whole > 0 && whole == c ? table[whole] : c * log2(c);
}

// One block a (region, segment of it): p(i + j) and p(|i - j|), out of the counts of the angles that make it up.
extern "C" __global__ void write_diagonals(const int* diagonals, int64 width, int merged, int symmetric,
                                           const double* weights, int64 weight_stride, double* p_sum, double* p_diff)
{
    const int64 segment = (int64)blockIdx.x * gridDim.y + blockIdx.y, n_sum = 2 * width - 1;
    const int* own = diagonals + segment * merged * 3 * width;
    const double twice = symmetric ? 2.0 : 1.0;
    for (int64 k = threadIdx.x; k < 3 * width; k += blockDim.x) {
        double sum = 0.0;
        for (int a = 0; a < merged; a++) sum += weights[blockIdx.x * weight_stride + a] * (twice * own[a * 3 * width + k]);
        if (k < n_sum) p_sum[segment * n_sum + k] = sum;
        if (k >= 2 * width) p_diff[segment * width + k - 2 * width] = sum;
    }
}

// One warp a node: its sum, which is px or py, and its part of the joint sums.
__device__ inline void sum_node(int64 begin, int64 end, int level, int bound, bool counts, const int* column,
                                const double* value, const double* logs, int known, double* joint, double& sum)
{
    sum = 0.0;
    for (int64 e = begin + threadIdx.x % 32; e < end; e += 32) {
        double c = value[e];
        sum += c;
        if (!counts) continue;  // the transposed entries were counted before
        int other = column[e] < bound ? column[e] + 1 : column[e] - bound + 1;
        joint[1] += c * c;
        joint[2] += xlog2x(c, logs, known);
        joint[3] += c * level * other;
        joint[4] = max(joint[4], c);
    }
    sum = warp_total(sum);
}

// One block a (region, segment of it): px and py; the joint sums; each node's sum; and, in place, entries divided by
// sqrt(px py + epsilon n^2), their columns turned from rows into nodes, counted from the segment's first.
extern "C" __global__ void reduce_entries(const Roi* rois, const Segment* segments, const int* node_row,
                                        const int64* row_start, const int64* node_of, int64 rows, int64 width,
                                        int symmetric, const double* logs, int known, int* column, double* value,
                                        double* node_sum, double* px, double* py, double* joint)
{
    __shared__ double slots[64];
    int half = 0;
    const int64 number = (int64)blockIdx.x * gridDim.y + blockIdx.y;
    const Segment own = segments[number];
    const int bound = (int)rois[blockIdx.x].bound, warps = blockDim.x / 32;
    double part[5] = {0.0, 0.0, 0.0, 0.0, 0.0};
    for (int64 node = own.first + threadIdx.x / 32; node < own.end; node += warps) {
        int row = node_row[node], level = row < bound ? row + 1 : row - bound + 1;
        double sum;
        sum_node(row_start[node], row_start[node + 1], level, bound, node < own.split, column, value, logs, known, part,
                 sum);
        if (threadIdx.x % 32 > 0) continue;
        node_sum[node] = sum;
        if (node < own.split) part[0] += sum;
        if (node < own.split) px[number * width + level] = sum;
        if (symmetric || node >= own.split) py[number * width + level] = sum;
    }
    for (int k = 0; k < 4; k++) part[k] = block_total(part[k], slots, half);
    part[4] = block_fold(part[4], slots, half, [](double a, double b) { return max(a, b); });
    for (int k = 0; k < 5 && threadIdx.x == 0; k++) joint[number * 5 + k] = part[k];

    const double least = EPSILON * part[0] * part[0];
    for (int64 node = own.first + threadIdx.x / 32; node < own.end; node += warps) {
        for (int64 e = row_start[node] + threadIdx.x % 32; e < row_start[node + 1]; e += 32) {
            int64 other = node_of[number * rows + column[e]];
            value[e] /= sqrt(node_sum[node] * node_sum[other] + least);
            column[e] = (int)(other - own.first);
        }
    }
}
