// One look at the neighbours of every pixel, for two families: how many of them are of (almost) its level (dependence), and
// how far their mean is from it (tone difference).

// Count the pixels of a tile. dependence[v][d]: pixels of level v of which d - 1 neighbours differ by at most alpha.
// difference[v][k]: over the pixels of level v with k neighbours inside, the sum of |v k - sum of the neighbours|.
// The frame is zero and as wide as the longest step: a pixel inside always has its neighbours in the box.
template <class T>
__device__ inline void count_tile(const int* box, const Tile& tile, int w, const int* offsets, int n_offsets, int alpha,
                                  int* dependence, T* difference)
{
    for (int at = tile.begin + (int)threadIdx.x; at < tile.end; at += blockDim.x) {
        const int v = box[at];
        if (v == 0) continue;
        int alike = 0, near = 0, sum = 0;
        for (int k = 0; k < n_offsets; k++) {
            const int u = box[at + offsets[2 * k] * w + offsets[2 * k + 1]];
            near += u > 0;
            sum += u;
            alike += u > 0 && abs(u - v) <= alpha;
        }
        atomicAdd(&dependence[v * (n_offsets + 2) + alike + 1], 1);
        const int apart = abs(v * near - sum);
        if (apart > 0) atomicAdd(&difference[v * (n_offsets + 1) + near], (T)apart);
    }
}

// One block a tile. Adds the tile's counts to its region's tables; `offsets` holds (row, column) steps. A tile with more
// pixels than half the entries of the tables counts into its own first, in shared memory (`own_entries` of it at most), so
// that flat regions do not queue for the same few addresses.
extern "C" __global__ void count_neighbours(const int* levels, const Roi* rois, const Tile* tiles, int pad, int64 width,
                                            const int* offsets, int n_offsets, int alpha, int own_entries, int* dependence,
                                            uint64* difference)
{
    DYN_SHARED(int, own);
    const Tile tile = tiles[blockIdx.x];
    const Roi& roi = rois[tile.roi];
    const int* box = levels + roi.start;
    const int w = (int)roi.columns + 2 * pad, side = (int)roi.bound + 1;
    const int n_dependence = side * (n_offsets + 2), n_difference = side * (n_offsets + 1);
    dependence += tile.roi * width * (n_offsets + 2);
    difference += tile.roi * width * (n_offsets + 1);
    if (n_dependence + n_difference > min(own_entries, 2 * (tile.end - tile.begin))) {
        count_tile(box, tile, w, offsets, n_offsets, alpha, dependence, difference);
        return;
    }
    unsigned* own_difference = reinterpret_cast<unsigned*>(own + n_dependence);
    for (int k = threadIdx.x; k < n_dependence + n_difference; k += blockDim.x) own[k] = 0;
    __syncthreads();
    count_tile(box, tile, w, offsets, n_offsets, alpha, own, own_difference);
    __syncthreads();
    for (int k = threadIdx.x; k < n_dependence; k += blockDim.x)
        if (own[k]) atomicAdd(&dependence[k], own[k]);
    for (int k = threadIdx.x; k < n_difference; k += blockDim.x)
        if (own_difference[k]) atomicAdd(&difference[k], (uint64)own_difference[k]);
}
