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

// Where region r's list number a begins: a region holds at most framed / n_sizes things of n_sizes or more pixels.
__device__ inline int64 long_list(const Roi& roi, int64 r, int a, int n_angle, int pad, int n_sizes)
{
    int64 framed = (roi.rows + 2 * pad) * (roi.columns + 2 * pad);
    return (roi.start / n_sizes + r) * n_angle + a * (framed / n_sizes + 1);
}
