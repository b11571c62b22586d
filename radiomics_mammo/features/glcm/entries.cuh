// The non-zero entries of co-occurrence matrices, and what several kernels do with them.
//
// A segment is one matrix C: of a region at one angle, or of all its angles merged. Its rows are the levels, row 0 for
// level 1. Where C is not symmetric, [[0, C], [C', 0]] takes its place: n is the region's bound, and rows n to 2n - 1 are
// the columns of C. So every stored matrix is symmetric, and every product with it a sum along a row.
// A node is a row that holds anything; nodes and, within them, entries are in ascending order.

// Nodes first to end - 1; from split on they are the columns of a matrix that is not symmetric.
struct Segment {
    int64 first, split, end;
};

// Fold v over the block with `fold`, in an order that the block's size alone decides; every thread gets it. `slots` are
// 64 values in shared memory, halves taken in turns, so that one barrier does; what was written before it can be read.
template <class Fold>
__device__ inline double block_fold(double v, double* slots, int& half, Fold fold)
{
    for (int d = 16; d > 0; d /= 2) v = fold(v, __shfl_xor_sync(~0u, v, d));
    double* mine = slots + 32 * half;
    if (threadIdx.x % 32 == 0) mine[threadIdx.x / 32] = v;
    __syncthreads();
    half = 1 - half;
    v = mine[0];
    for (unsigned w = 1; w < blockDim.x / 32; w++) v = fold(v, mine[w]);
    return v;
}

__device__ inline double block_total(double v, double* slots, int& half)
{
    return block_fold(v, slots, half, [](double a, double b) { return a + b; });
}

__device__ inline double warp_total(double v)
{
    for (int d = 16; d > 0; d /= 2) v += __shfl_xor_sync(~0u, v, d);
    return v;
}
