// Sizes (of runs, of zones) too large for a table of level by size: lists of keys, one a region and matrix.
//
// A key is size, level and angle in one number, so that sorted keys are in ascending order of size, then of level. Where
// the matrices of several angles are to be added, they share one list; otherwise the key's angle is 0.

const int ANGLE_BITS = 8, SIZE_SHIFT = 32;

__device__ inline int64 long_key(int size, int level, int angle)
{
    return (int64)size << SIZE_SHIFT | (int64)level << ANGLE_BITS | angle;
}

__device__ inline int key_size(int64 key) { return (int)(key >> SIZE_SHIFT); }
__device__ inline int key_level(int64 key) { return (int)(key & 0xffffffffLL) >> ANGLE_BITS; }
__device__ inline int key_angle(int64 key) { return (int)key & ((1 << ANGLE_BITS) - 1); }

// Where a region's list number a begins. No list is longer than pixels / n_sizes, and the pixels of all regions before
// this one are fewer than `start`; so lists never meet.
__device__ inline int64 long_list(const Roi& roi, int a, int n_angle, int n_sizes)
{
    return roi.start / n_sizes * n_angle + a * (roi.rows * roi.columns / n_sizes);
}

// Where a block counts by level and size: the smallest sizes in shared memory (`cache`, of width * n_cached numbers), for
// most things are small; the others in the region's table; those of n_sizes or more in the list. `key_angle` as above.
struct SizeCounts {
    int* cache;
    int n_cached;
    int* table;
    int64 width;
    int n_sizes;
    int64* list;
    int* n_long;
    int key_angle;
};

// What a block counts into: angle a of region r. Tables are (region, angle, level, size), lists (region, list).
__device__ inline SizeCounts size_counts(int* cache, int n_cached, int* table, int64 width, int n_sizes, int64* keys,
                                         int* n_long, int n_lists, const Roi& roi, int r, int a, int n_angle)
{
    const int list = n_lists > 1 ? a : 0;
    SizeCounts counts = {cache, n_cached, table + ((int64)r * n_angle + a) * width * n_sizes, width, n_sizes,
                         keys + long_list(roi, list, n_angle, n_sizes), n_long + r * n_lists + list, a - list};
    for (int k = threadIdx.x; k < width * n_cached; k += blockDim.x) cache[k] = 0;
    __syncthreads();
    return counts;
}

__device__ inline void count_size(const SizeCounts& counts, int level, int size)
{
    if (size <= counts.n_cached) atomicAdd(&counts.cache[level * counts.n_cached + size - 1], 1);
    else if (size < counts.n_sizes) atomicAdd(&counts.table[(int64)level * counts.n_sizes + size], 1);
    else counts.list[atomicAdd(counts.n_long, 1)] = long_key(size, level, counts.key_angle);
}

// Add what the block counted in shared memory to the table.
__device__ inline void flush(const SizeCounts& counts)
{
    __syncthreads();
    for (int k = threadIdx.x; k < counts.width * counts.n_cached; k += blockDim.x) {
        if (counts.cache[k] == 0) continue;
        const int level = k / counts.n_cached, size = k % counts.n_cached + 1;
        atomicAdd(&counts.table[(int64)level * counts.n_sizes + size], counts.cache[k]);
    }
}
