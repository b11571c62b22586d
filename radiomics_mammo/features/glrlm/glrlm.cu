// Grey level run lengths (Galloway, 1975). The four angles are those of cpu.py: along rows, along the diagonals that
// fall to the right, along columns, along the diagonals that fall to the left.

const int N_ANGLE = 4;

// One block a tile and angle, (tile, angle) on the grid. The thread of a pixel that begins a run follows it to its end, so
// that a line's runs are counted side by side and each pixel is looked at twice. Writes which angles have two neighbours.
extern "C" __global__ void count_runs(const int* levels, const Roi* rois, const Tile* tiles, int pad, int64 width,
                                      int n_sizes, int n_cached, int n_lists, int* table, int64* keys, int* n_long,
                                      int* lined)
{
    DYN_SHARED(int, cache);
    const Tile tile = tiles[blockIdx.x];
    const Roi& roi = rois[tile.roi];
    const int a = blockIdx.y, w = (int)roi.columns + 2 * pad, step = a == 0 ? 1 : w + 2 - a;
    const int* box = levels + roi.start;
    SizeCounts counts = size_counts(cache, n_cached, table, width, n_sizes, keys, n_long, n_lists, roi, tile.roi, a,
                                    N_ANGLE);
    bool met = false;
    for (int at = tile.begin + (int)threadIdx.x; at < tile.end; at += blockDim.x) {
        const int level = box[at];
        if (level == 0) continue;
        const int before = box[at - step];
        met = met || before > 0;
        if (before == level) continue;
        int length = 1;
        while (box[at + length * step] == level) length++;
        count_size(counts, level, length);
    }
    flush(counts);
    if (met) atomicOr(&lined[tile.roi * N_ANGLE + a], 1);
}

// Whether a line of the box without its frame (which begins at `box`) holds two pixels of the region.
__device__ inline int holds_two(const int* box, int rows, int columns, int w, int a, int line)
{
    int y = a == 0 ? line : max(line - columns + 1, 0);
    int x = a == 0 ? 0 : line < columns ? line : a == 1 ? 0 : columns - 1;
    const int down = a > 0, right = a == 2 ? 0 : a == 3 ? -1 : 1;
    int n = 0;
    for (; n < 2 && y < rows && x >= 0 && x < columns; y += down, x += right) n += box[y * w + x] > 0;
    return n > 1;
}

// One block a region and angle, (region, angle) on the grid. An angle none of whose lines holds two pixels of the region
// has no runs in pyradiomics: its table (nothing but runs of one) is emptied. Lines are looked at only where no two
// neighbours were met, which in a region of any size is rare.
extern "C" __global__ void drop_unlined(const int* levels, const Roi* rois, int pad, int64 width, int n_sizes,
                                        const int* lined, int* table)
{
    const int a = blockIdx.y;
    const int64 matrix = (int64)blockIdx.x * N_ANGLE + a;
    if (lined[matrix]) return;  // all threads alike
    const Roi& roi = rois[blockIdx.x];
    const int rows = (int)roi.rows, columns = (int)roi.columns, w = columns + 2 * pad;
    const int lines = a == 0 ? rows : a == 2 ? columns : rows + columns - 1;
    const int* box = levels + roi.start + pad * w + pad;
    for (int first = 0; first < lines; first += blockDim.x) {
        const int line = first + (int)threadIdx.x;
        if (__syncthreads_or(line < lines && holds_two(box, rows, columns, w, a, line))) return;
    }
    for (int64 level = threadIdx.x; level < width; level += blockDim.x) table[(matrix * width + level) * n_sizes + 1] = 0;
}
