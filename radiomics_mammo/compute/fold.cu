// Sums in the order of radiomics_mammo.compute.reductions.total: fold each row in half until one number is left.

// Several rows a block, `lanes` threads (a power of two) a row. The fold's last steps run over the lanes; each lane begins
// with the entries k, k + lanes, k + 2 lanes, … of its row and folds those by itself, pairing the farthest first: visited in
// bit-reversed order, each two neighbours of a binary counter are such a pair.
extern "C" __global__ void fold(const double* a, int64 rows, int64 n, int lanes, int bits, double* out)
{
    DYN_SHARED(double, slots);  // blockDim.x
    const int per_block = blockDim.x / lanes, lane = threadIdx.x % lanes, in_block = threadIdx.x / lanes;
    const int64 row = (int64)blockIdx.x * per_block + in_block;
    const bool working = in_block < per_block && row < rows;
    double part[32];
    int depth = 0;
    for (unsigned t = 0; t < (1u << bits); t++) {
        int64 k = lane + (int64)lanes * (bits ? __brev(t) >> (32 - bits) : 0);
        double sum = working && k < n ? a[row * n + k] : 0.0;
        for (unsigned done = t; done & 1; done >>= 1) sum = part[--depth] + sum;
        part[depth++] = sum;
    }
    slots[threadIdx.x] = part[0];
    __syncthreads();
    for (int half = lanes / 2; half > 0; half /= 2) {
        if (lane < half) slots[threadIdx.x] += slots[threadIdx.x + half];
        __syncthreads();
    }
    if (working && lane == 0) out[row] = slots[threadIdx.x];
}
