// Counting neighbouring levels in tables, where a table of all pairs of levels fits into shared memory.

// Where the pair of levels i + 1, j + 1 is counted; a symmetric table holds its lower triangle, one row after the other.
__device__ inline int entry_of(int i, int j, int n, int symmetric)
{
    if (!symmetric) return i * n + j;
    int low = min(i, j), high = max(i, j);
    return high * (high + 1) / 2 + low;
}

// Adds a table of the tile to the region's, and its sums over i + j and |i - j|. Only what was met is sent.
__device__ inline void flush_counts(const int* count, int* by_sum, int* by_step, int n, int symmetric, int* table)
{
    const int lane = threadIdx.x % 32;
    for (int i = threadIdx.x / 32; i < n; i += blockDim.x / 32) {
        for (int j = lane; j < (symmetric ? i + 1 : n); j += 32) {
            int at = entry_of(i, j, n, symmetric), met = count[at];
            if (met == 0) continue;
            atomicAdd(&table[at], met);
            atomicAdd(&by_sum[i + j + 2], met);
            atomicAdd(&by_step[abs(i - j)], met);
        }
    }
}

// One block a (tile, angle): counts its pairs in shared memory and adds them to the region's table (of `entries` counts)
// and diagonals (2 width counts by i + j, then width by |i - j|).
// Shared: the table of the region's levels, then 2 bound + 1 and bound counts.
extern "C" __global__ void count_pairs(const Roi* rois, const Tile* tiles, const int* levels, int pad, const int* offsets,
                                       int symmetric, int64 width, int64 entries, int* tables, int* diagonals)
{
    DYN_SHARED(int, count);
    const Tile tile = tiles[blockIdx.x];
    const Roi& roi = rois[tile.roi];
    const int n = (int)roi.bound, used = symmetric ? n * (n + 1) / 2 : n * n;
    int *by_sum = count + used, *by_step = by_sum + 2 * n + 1;
    for (int k = threadIdx.x; k < used + 3 * n + 1; k += blockDim.x) count[k] = 0;
    __syncthreads();

    const int64 w = roi.columns + 2 * pad;
    const int64 step = offsets[2 * blockIdx.y] * w + offsets[2 * blockIdx.y + 1];
    const int* box = levels + roi.start;
    for (int64 at = tile.begin + (int)threadIdx.x; at < tile.end; at += blockDim.x) {
        int a = box[at];
        if (a == 0) continue;  // the frame, too: no neighbour lies outside the framed box
        int b = box[at + step];
        if (b > 0) atomicAdd(&count[entry_of(a - 1, b - 1, n, symmetric)], 1);
    }
    __syncthreads();

    const int64 matrix = (int64)tile.roi * gridDim.y + blockIdx.y;
    flush_counts(count, by_sum, by_step, n, symmetric, tables + matrix * entries);
    __syncthreads();
    int* diagonal = diagonals + matrix * 3 * width;
    for (int k = threadIdx.x; k <= 2 * n; k += blockDim.x)
        if (by_sum[k] > 0) atomicAdd(&diagonal[k], by_sum[k]);
    for (int k = threadIdx.x; k < n; k += blockDim.x)
        if (by_step[k] > 0) atomicAdd(&diagonal[2 * width + k], by_step[k]);
}

// The tables that make up one segment: one, or those of all angles, each with its weight.
struct Merged {
    const int* tables;
    const double* weights;
    int64 entries;
    int angles, n, symmetric;

    // What the stored matrix holds at this row and the column-th entry of it that may be occupied.
    __device__ double at(int row, int column) const
    {
        int i = row < n ? row : column, j = row < n ? column : row - n;
        int64 entry = entry_of(i, j, n, symmetric);
        double twice = symmetric && i == j ? 2.0 : 1.0, sum = 0.0;  // the diagonal counts in both directions
        for (int a = 0; a < angles; a++) sum += weights[a] * (twice * tables[a * entries + entry]);
        return sum;
    }
};

// By one warp: turns the number of entries of each row into how many nodes and entries come before it; gives both totals.
__device__ inline void place_rows(int* filled, int* node, int rows, int& nodes, int& entries)
{
    const int lane = threadIdx.x % 32;
    nodes = entries = 0;
    for (int first = 0; first < rows; first += 32) {
        int row = first + lane, own = row < rows ? filled[row] : 0, up_to = own;
        for (int d = 1; d < 32; d *= 2) {
            int before = __shfl_up_sync(~0u, up_to, d);
            if (lane >= d) up_to += before;
        }
        unsigned occupied = __ballot_sync(~0u, own > 0);
        if (row < rows) {
            node[row] = nodes + __popc(occupied & ((1u << lane) - 1));
            filled[row] = entries + up_to - own;
        }
        nodes += __popc(occupied);
        entries += __shfl_sync(~0u, up_to, 31);
    }
    __syncwarp();  // lanes may read what others placed
}

// One block a (region, segment of it): its non-zero entries, out of the tables. A segment's nodes begin at a multiple of
// rows + 1, its entries at slots[segment].
// Shared: two ints a row.
extern "C" __global__ void gather_entries(const Roi* rois, int symmetric, int64 rows, int64 entries, const int* tables,
                                        int merged, const double* weights, int64 weight_stride, const int64* slots,
                                        Segment* segments, int* node_row, int64* row_start, int64* node_of, int* column,
                                        double* value)
{
    DYN_SHARED(int, filled);
    int* node = filled + rows;
    const int64 segment = (int64)blockIdx.x * gridDim.y + blockIdx.y, first = segment * (rows + 1);
    const int n = (int)rois[blockIdx.x].bound, own_rows = symmetric ? n : 2 * n;
    const Merged matrix = {tables + segment * merged * entries, weights + blockIdx.x * weight_stride, entries, merged, n,
                           symmetric};
    const int warp = threadIdx.x / 32, warps = blockDim.x / 32, lane = threadIdx.x % 32;
    for (int row = warp; row < own_rows; row += warps) {
        int met = 0;
        for (int from = 0; from < n; from += 32)
            met += __popc(__ballot_sync(~0u, from + lane < n && matrix.at(row, from + lane) > 0));
        if (lane == 0) filled[row] = met;
    }
    __syncthreads();

    if (warp == 0) {
        int nodes, total;
        place_rows(filled, node, own_rows, nodes, total);
        if (lane == 0) {
            row_start[first + nodes] = slots[segment] + total;
            // Rows of C come before its columns; as many nodes as come before row n are rows.
            segments[segment] = {first, first + (symmetric ? nodes : node[n]), first + nodes};
        }
    }
    __syncthreads();

    for (int row = warp; row < own_rows; row += warps) {
        int64 to = slots[segment] + filled[row], begin = to;
        for (int from = 0; from < n; from += 32) {
            double c = from + lane < n ? matrix.at(row, from + lane) : 0.0;
            unsigned occupied = __ballot_sync(~0u, c > 0);
            int64 at = to + __popc(occupied & ((1u << lane) - 1));
            if (c > 0) {
                column[at] = from + lane + (symmetric || row >= n ? 0 : n);
                value[at] = c;
            }
            to += __popc(occupied);
        }
        if (to == begin || lane > 0) continue;
        node_of[segment * rows + row] = first + node[row];
        node_row[first + node[row]] = row;
        row_start[first + node[row]] = begin;
    }
}
