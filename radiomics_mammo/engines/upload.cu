// From uploaded intensities and masks to framed grey levels.

// Grey level of v: how many edges are at or below it (numpy.digitize). The guess is off by one at most, by rounding.
__device__ inline int level_of(double v, const double* edges, int64 last)
{
    double per_step = 1.0 / (edges[1] - edges[0]);
    int64 level = (int64)((v - edges[0]) * per_step) + 1;
    level = level < 1 ? 1 : level > last ? last : level;
    while (level < last && v >= edges[level]) level++;
    while (level > 1 && v < edges[level - 1]) level--;
    return (int)level;
}

// One block a tile. Writes every pixel of levels and shape_mask, the frame's zeros included, and counts the levels.
extern "C" __global__ void discretise(const uint8* upload, const Roi* rois, const Tile* tiles, int pad, int64 width,
                                      const double* edges, int* levels, uint8* shape_mask, int* level_count)
{
    const Tile tile = tiles[blockIdx.x];
    const Roi& roi = rois[tile.roi];
    const int64 w = roi.columns + 2 * pad;
    for (int64 at = tile.begin + (int)threadIdx.x; at < tile.end; at += blockDim.x) {
        int64 y = at / w - pad, x = at % w - pad, pixel = y * roi.columns + x;
        int level = 0;
        uint8 inside = 0;
        if (y >= 0 && y < roi.rows && x >= 0 && x < roi.columns) {
            inside = upload[roi.shape + pixel] != 0;
            if (upload[roi.mask + pixel]) {
                level = level_of(intensity(upload, roi, pixel), edges + roi.edges, roi.n_edges);
                atomicAdd(&level_count[tile.roi * width + level], 1);
            }
        }
        levels[roi.start + at] = level;
        shape_mask[roi.start + at] = inside;
    }
}

// One block a region: the highest level and how many occur.
extern "C" __global__ void count_levels(const int* level_count, int64 width, int64* n_levels, int64* n_distinct)
{
    DYN_SHARED(int64, slots);  // blockDim.x for the sum, blockDim.x for the maximum
    int64* highest = slots + blockDim.x;
    int64 distinct = 0, own = 0;
    for (int64 level = threadIdx.x; level < width; level += blockDim.x) {
        if (level_count[blockIdx.x * width + level] == 0) continue;
        distinct++;
        own = level;
    }
    highest[threadIdx.x] = own;
    distinct = block_sum(distinct, slots);
    if (threadIdx.x > 0) return;
    int64 top = 0;
    for (unsigned k = 0; k < blockDim.x; k++) top = highest[k] > top ? highest[k] : top;
    n_levels[blockIdx.x] = top;
    n_distinct[blockIdx.x] = distinct;
}
