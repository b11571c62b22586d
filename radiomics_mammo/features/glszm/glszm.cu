// Grey level size zones (Thibault et al., 2009): 8-connected zones of one level in all regions of a batch at once, by
// union-find in global memory. Labels are pixels of the framed box; a zone's is its first pixel.
//
// After Playne and Hawick (IEEE TPDS 2018) and Allegretti, Bolelli and Grana (IEEE TPDS 2020): runs of a row get one label
// without any union, only where two runs begin to touch are they united. Runs are cut at every 32nd pixel of a tile,
// where a warp ends. Paths are shortened as they are followed (Jaiganesh and Burtscher, HPDC 2018, ECL-CC).

const unsigned ALL = 0xffffffffu;

// The root of x. Threads may shorten the same path at once: whatever they write is nearer to the root. Others unite zones
// meanwhile, hence volatile; a root that is one no more is found out by the atomic in unite.
__device__ inline int find(volatile int* labels, int x)
{
    int parent = labels[x];
    while (parent != x) {
        const int next = labels[parent];
        if (next != parent) labels[x] = next;
        x = parent;
        parent = next;
    }
    return x;
}

// Unite the zones of a and b. A root that another thread has hung elsewhere meanwhile is tried again from there.
__device__ inline void unite(int* labels, int a, int b)
{
    while (true) {
        a = find(labels, a);
        b = find(labels, b);
        if (a == b) return;
        const int high = max(a, b), low = min(a, b), was = atomicMin(&labels[high], low);
        if (was == high) return;
        a = was;
        b = low;
    }
}

// One block a tile: the label of each pixel is where its run begins, sizes[there] the run's length.
extern "C" __global__ void label_runs(const int* levels, const Roi* rois, const Tile* tiles, int* labels, int* sizes)
{
    const Tile tile = tiles[blockIdx.x];
    const int64 start = rois[tile.roi].start;
    const int lane = threadIdx.x % 32;
    for (int first = tile.begin + (int)threadIdx.x - lane; first < tile.end; first += blockDim.x) {
        const int at = first + lane;
        const int level = at < tile.end ? levels[start + at] : 0;
        const int left = __shfl_up_sync(ALL, level, 1);
        const unsigned begins = __ballot_sync(ALL, lane == 0 || left != level);
        if (level == 0) continue;
        const unsigned up_to_here = ALL >> (31 - lane);
        const int begin = 31 - __clz((int)(begins & up_to_here));
        labels[start + at] = first + begin;
        if (begin < lane) continue;
        const unsigned after = begins & ~up_to_here;
        sizes[start + at] = (after ? __ffs((int)after) - 1 : 32) - lane;
    }
}

// One block a tile: unites what touches. Where the pixel to the left makes the same connection, it is left to that one.
extern "C" __global__ void unite_runs(const int* levels, const Roi* rois, const Tile* tiles, int pad, int* labels)
{
    const Tile tile = tiles[blockIdx.x];
    const Roi& roi = rois[tile.roi];
    const int w = (int)roi.columns + 2 * pad;
    const int* box = levels + roi.start;
    int* mine = labels + roi.start;
    for (int at = tile.begin + (int)threadIdx.x; at < tile.end; at += blockDim.x) {
        const int level = box[at];
        if (level == 0) continue;
        const bool left = box[at - 1] == level, above_left = box[at - w - 1] == level;
        if (left && (at - tile.begin) % 32 == 0) unite(mine, at, at - 1);
        if (box[at - w] == level) {
            if (!left || !above_left) unite(mine, at, at - w);
            continue;
        }
        if (above_left && !left) unite(mine, at, at - w - 1);
        if (box[at - w + 1] == level && box[at + 1] != level) unite(mine, at, at - w + 1);
    }
}

// One block a tile: adds the length of each run to the size of its zone, kept at the zone's label.
extern "C" __global__ void add_runs(const int* levels, const Roi* rois, const Tile* tiles, int* labels, int* sizes)
{
    const Tile tile = tiles[blockIdx.x];
    const int64 start = rois[tile.roi].start;
    for (int at = tile.begin + (int)threadIdx.x; at < tile.end; at += blockDim.x) {
        const int level = levels[start + at];
        const bool begins = (at - tile.begin) % 32 == 0 || levels[start + at - 1] != level;
        if (level == 0 || !begins) continue;
        const int root = find(labels + start, at);
        if (root != at) atomicAdd(&sizes[start + root], sizes[start + at]);
    }
}

// One block a tile: counts the zones whose label lies in it.
extern "C" __global__ void count_zones(const int* levels, const Roi* rois, const Tile* tiles, int64 width,
                                       int n_sizes, int n_cached, const int* labels, const int* sizes, int* table,
                                       int64* keys, int* n_long)
{
    DYN_SHARED(int, cache);
    const Tile tile = tiles[blockIdx.x];
    const Roi& roi = rois[tile.roi];
    SizeCounts counts = size_counts(cache, n_cached, table, width, n_sizes, keys, n_long, 1, roi, tile.roi, 0, 1);
    for (int64 at = roi.start + tile.begin + threadIdx.x; at < roi.start + tile.end; at += blockDim.x)
        if (levels[at] > 0 && labels[at] == at - roi.start) count_size(counts, levels[at], sizes[at]);
    flush(counts);
}
