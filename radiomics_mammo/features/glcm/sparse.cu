// Counting neighbouring levels by sorting, where there are too many levels for a table.
//
// A pair is a key: segment, row, column, angle (none where angles stay apart), from the highest bit down. Each pixel and
// angle gives two keys, for C and for C', or, without a neighbour, a key whose row and column are all ones: it sorts to the
// end of its segment, which always has one (the frame's pixels have no neighbours), and marks where the segment ends.

// The parts of a key.
struct Keys {
    int bits, angle_bits;

    __device__ int64 ones() const { return ((int64)1 << bits) - 1; }
    __device__ int64 pair(int64 segment, int64 row, int64 column, int64 angle) const
    {
        return (((segment << bits | row) << bits | column) << angle_bits) | angle;
    }
    __device__ int64 entry(int64 key) const { return key >> angle_bits; }
    __device__ int64 node(int64 key) const { return key >> (angle_bits + bits); }
    __device__ int64 segment(int64 key) const { return key >> (angle_bits + 2 * bits); }
    __device__ int64 row(int64 key) const { return node(key) & ones(); }
    __device__ int64 column(int64 key) const { return entry(key) & ones(); }
};

// One block a (tile, angle): the keys of its pixels. `merged` angles make up a segment: all of them, or one.
extern "C" __global__ void write_keys(const Roi* rois, const Tile* tiles, const int* levels, int pad, const int* offsets,
                                      int symmetric, int merged, int bits, int angle_bits, int64* keys)
{
    const Keys make = {bits, angle_bits};
    const Tile tile = tiles[blockIdx.x];
    const Roi& roi = rois[tile.roi];
    const int64 w = roi.columns + 2 * pad, framed = (roi.rows + 2 * pad) * w;
    const int64 step = offsets[2 * blockIdx.y] * w + offsets[2 * blockIdx.y + 1];
    const int64 segment = ((int64)tile.roi * gridDim.y + blockIdx.y) / merged, angle = blockIdx.y % merged;
    const int* box = levels + roi.start;
    int64* own = keys + 2 * (roi.start * gridDim.y + framed * blockIdx.y);
    for (int64 at = tile.begin + (int)threadIdx.x; at < tile.end; at += blockDim.x) {
        int a = box[at], b = a > 0 ? box[at + step] : 0;  // the frame holds zeros: no neighbour lies outside the framed box
        int64 i = a - 1, j = b - 1 + (symmetric ? 0 : roi.bound), none = make.pair(segment, make.ones(), make.ones(), 0);
        own[2 * at] = b > 0 ? make.pair(segment, i, j, angle) : none;
        own[2 * at + 1] = b > 0 ? make.pair(segment, j, i, angle) : none;
    }
}

// One thread a sorted key: 1 where an entry begins, and 2^32 more where a node begins; summed up, they number both.
extern "C" __global__ void mark_heads(const int64* keys, int64 n_keys, int bits, int angle_bits, int64* heads)
{
    const Keys of = {bits, angle_bits};
    const int64 at = (int64)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= n_keys) return;
    const int64 before = at > 0 ? keys[at - 1] : -1, key = keys[at];
    heads[at] = (of.entry(key) != of.entry(before) ? 1 : 0) + (of.node(key) != of.node(before) ? (int64)1 << 32 : 0);
}

// The first place from `at` on whose key is above `key`; keys[at - 1] is not. Most runs are short, so steps grow from 1.
__device__ inline int64 past(const int64* keys, int64 n_keys, int64 at, int64 key)
{
    int64 step = 1;
    for (; at + step <= n_keys && keys[at + step - 1] <= key; step *= 2) at += step;
    for (step /= 2; step > 0; step /= 2)
        if (at + step <= n_keys && keys[at + step - 1] <= key) at += step;
    return at;
}

// Adds what was met of an entry at one angle to the counts by i + j and |i - j|; each pair counts once, though two keys
// stand for it.
__device__ inline void count_diagonals(int64 row, int64 column, int64 met, int64 bound, int symmetric, int64 width,
                                       int* diagonal)
{
    if (met == 0 || (symmetric ? row > column : row >= bound)) return;
    if (symmetric && row == column) met /= 2;
    if (!symmetric) column -= bound;
    atomicAdd(&diagonal[row + column + 2], (int)met);
    atomicAdd(&diagonal[2 * width + (row > column ? row - column : column - row)], (int)met);
}

// One thread a sorted key: where a node or an entry begins, writes it, and counts into the diagonals as dense.cu does.
// numbers: the sums of mark_heads; a region has per_roi segments of `merged` angles.
extern "C" __global__ void write_entries(const Roi* rois, const int64* keys, int64 n_keys, const int64* numbers,
                                       int symmetric, int64 rows, int64 width, int per_roi, int merged, int bits,
                                       int angle_bits, const double* weights, int64 weight_stride, int* diagonals,
                                       Segment* segments, int* node_row, int64* row_start, int64* node_of, int* column,
                                       double* value)
{
    const Keys of = {bits, angle_bits};
    const int64 at = (int64)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= n_keys) return;
    const int64 before = at > 0 ? keys[at - 1] : -1, key = keys[at], segment = of.segment(key), row = of.row(key);
    if (of.entry(key) == of.entry(before)) return;
    const int64 entry = (numbers[at] & 0xFFFFFFFF) - 1, node = (numbers[at] >> 32) - 1;
    const int64 roi = segment / per_roi, bound = rois[roi].bound;
    const bool first = segment != of.segment(before), last = row == of.ones();
    if (of.node(key) != of.node(before)) {
        row_start[node] = entry;
        node_row[node] = (int)row;
        if (first) segments[segment].first = node;
        // Rows of C come before its columns; where it has none, the segment's end is past all rows, too.
        if (row >= bound && (first || of.row(before) < bound)) segments[segment].split = node;
        if (last) segments[segment].end = node;
        else node_of[segment * rows + row] = node;
    }
    if (last) return;
    double sum = 0.0;
    int64 from = at;
    for (int angle = 0; angle < merged; angle++) {
        int64 to = past(keys, n_keys, from, of.entry(key) << angle_bits | angle);
        sum += weights[roi * weight_stride + angle] * (double)(to - from);
        count_diagonals(row, of.column(key), to - from, bound, symmetric, width,
                        diagonals + (segment * merged + angle) * 3 * width);
        from = to;
    }
    column[entry] = (int)of.column(key);
    value[entry] = sum;
}
