// From the table of differences to the sums that the features take (Amadasun and King, IEEE Trans SMC 1989). Floating sums
// are added in the cpu engine's order.

// x: regions; y: stretches of levels. Pixels of each level, and the sum of their differences from the neighbours' mean:
// the table keeps the sums apart by the number k of neighbours.
extern "C" __global__ void sum_differences(const uint64* table, const int* level_count, int64 width, int n_offsets,
                                           double* count, double* difference)
{
    for (int64 level = (int64)blockIdx.y * blockDim.x + threadIdx.x; level < width; level += gridDim.y * blockDim.x) {
        const int64 at = blockIdx.x * width + level;
        const uint64* by_near = table + at * (n_offsets + 1);
        double sum = 0.0;
        for (int k = 1; k <= n_offsets; k++) sum += (double)by_near[k] / k;
        count[at] = level_count[at];
        difference[at] = sum;
    }
}

// One block a region: the levels that occur, from the lowest up, and of each its share of the pixels and its difference.
// `occupied` has shape (n_roi, 3, width).
extern "C" __global__ void list_occupied(const int* level_count, const double* difference, const Roi* rois, int64 width,
                                         double* occupied)
{
    DYN_SHARED(int64, slots);  // blockDim.x
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, n_warps = blockDim.x / 32;
    const int64 bound = rois[blockIdx.x].bound;
    const int* count = level_count + blockIdx.x * width;
    double* list = occupied + 3 * width * blockIdx.x;
    int64 pixels = 0, n = 0;
    for (int64 level = threadIdx.x; level <= bound; level += blockDim.x) pixels += count[level];
    pixels = block_sum(pixels, slots);
    for (int64 base = 0; base <= bound; base += blockDim.x) {
        const int64 level = base + threadIdx.x;
        const bool occurs = level <= bound && count[level] > 0;
        const unsigned occurring = __ballot_sync(0xffffffffu, occurs);
        if (lane == 0) slots[warp] = __popc(occurring);
        __syncthreads();
        int64 at = n + __popc(occurring & ((1u << lane) - 1));
        for (int k = 0; k < n_warps; k++) {
            if (k < warp) at += slots[k];
            n += slots[k];
        }
        __syncthreads();  // the slots are free again
        if (!occurs) continue;
        list[at] = (double)level;
        list[width + at] = (double)count[level] / (double)pixels;
        list[2 * width + at] = difference[blockIdx.x * width + level];
    }
}

// x: regions; y: stretches of occupied levels. For each of them the four sums over its pairs with lower ones; `rows` has
// shape (n_roi, 4, width).
extern "C" __global__ void sum_pairs(const double* occupied, const int64* n_distinct, int64 width, double* rows)
{
    const double* level = occupied + 3 * width * blockIdx.x;
    const double *p = level + width, *s = p + width;
    double* row = rows + 4 * width * blockIdx.x;
    const int64 n = n_distinct[blockIdx.x];
    for (int64 a = (int64)blockIdx.y * blockDim.x + threadIdx.x; a < n; a += gridDim.y * blockDim.x) {
        double weighted = 0.0, spread = 0.0, complexity = 0.0, strength = 0.0;
        for (int64 b = 0; b < a; b++) {
            const double step = level[a] - level[b], both = p[a] + p[b];
            weighted += fabs(level[a] * p[a] - level[b] * p[b]);
            spread += p[b] * step * step;
            complexity += step * (p[a] * s[a] + p[b] * s[b]) / both;
            strength += both * step * step;
        }
        row[a] = weighted;
        row[width + a] = p[a] * spread;
        row[2 * width + a] = complexity;
        row[3 * width + a] = strength;
    }
}

// One warp a sum, four a region. Lane by lane, so that the order is that of the levels; each pair counts both ways.
extern "C" __global__ void add_rows(const double* rows, const int64* n_distinct, int64 width, int64 n_sums, double* joint)
{
    const int64 k = (int64)blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
    const int lane = threadIdx.x % 32;
    if (k >= n_sums) return;
    const int64 n = n_distinct[k / 4];
    double sum = 0.0;
    for (int64 base = 0; base < n; base += 32) {
        const double v = base + lane < n ? rows[k * width + base + lane] : 0.0;
        for (int from = 0; from < 32; from++) sum += __shfl_sync(0xffffffffu, v, from);
    }
    if (lane == 0) joint[k] = 2.0 * sum;
}
