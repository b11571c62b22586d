// The distribution of a region's intensities, read straight from the upload.
//
// Floating sums are taken tile by tile, then over the tiles of a region, each in an order that the geometry alone decides.
// Percentiles are exact: radix selection over the intensities' own bits, one byte a round, all ranks at once.
// Tile number k of a region stands here for the pixels from k * tile_size of its box without the frame.

constexpr int N_QUANTILES = 5, N_RANKS = 12;  // what lies below and above each quantile, then the lowest and the highest
constexpr int N_BINS = 256;
constexpr int N_MOMENTS = 10;
enum Moment { COUNT, LOW, HIGH, MEAN, M2, M3, M4, DEVIATION, ROBUST, ENERGY };  // FirstOrderStats.of

// An order statistic on the way to being found.
struct Rank {
    uint64 prefix;  // its leading bytes, as far as they are known
    int left;       // how many of the intensities with this prefix are smaller
    int leader;     // the first rank with the same prefix: it counts for all of them
};

struct Span {
    int64 begin, end;
};

__device__ inline Span span_of(const Roi& roi, const Tile& tile, int64 tile_size)
{
    int64 begin = tile.number * tile_size, pixels = roi.rows * roi.columns;
    return {begin, min(begin + tile_size, pixels)};
}

__device__ inline void put_sum(double v, double* slots, double* to)
{
    v = block_sum(v, slots);
    if (threadIdx.x == 0) *to = v;
}

// Sum over a region's tiles; every thread of the block gets it.
__device__ inline double over_tiles(const double* partial, const Roi& roi, double* slots)
{
    double sum = 0;
    for (int64 k = threadIdx.x; k < roi.n_tiles; k += blockDim.x) sum += partial[roi.first_tile + k];
    return block_sum(sum, slots);
}

// The mean of values from low to high; rounding must not push it out (of a flat region, say).
__device__ inline double mean_of(double sum, double n, double low, double high)
{
    return min(max(sum / n, low), high);
}

__device__ inline int item_bytes(int64 kind)
{
    return kind == 8 ? 4 : kind == 9 ? 8 : 1 << kind / 2;
}

__device__ inline uint64 top_bit(int64 kind)
{
    return 1ull << (8 * item_bytes(kind) - 1);
}

// Bits that sort as the intensities do: those of unsigned numbers as they are, the sign turned of whole numbers, all bits
// turned of negative floating ones.
__device__ inline uint64 key_of(const uint8* upload, const Roi& roi, int64 at)
{
    const uint8* p = upload + roi.values;
    uint64 bits;
    switch (item_bytes(roi.kind)) {
        case 1: bits = p[at]; break;
        case 2: bits = reinterpret_cast<const unsigned short*>(p)[at]; break;
        case 4: bits = reinterpret_cast<const unsigned*>(p)[at]; break;
        default: bits = reinterpret_cast<const uint64*>(p)[at];
    }
    uint64 top = top_bit(roi.kind);
    if (roi.kind >= 8) return bits & top ? ~bits & (2 * top - 1) : bits | top;
    return roi.kind % 2 ? bits ^ top : bits;
}

// The intensity that has such bits.
__device__ inline double value_of(uint64 key, int64 kind)
{
    uint64 top = top_bit(kind);
    uint64 bits = kind >= 8 ? (key & top ? key ^ top : ~key) : kind % 2 ? key ^ top : key;
    Roi one;
    one.values = 0;
    one.kind = kind;
    return intensity(reinterpret_cast<const uint8*>(&bits), one, 0);  // the lowest bytes come first
}

// One block a tile: its number of pixels, their sum, and the sum of (x + shift)^2, to a row each of `partial`.
extern "C" __global__ void sum_tiles(const uint8* upload, const Roi* rois, const Tile* tiles, int64 tile_size,
                                     int64 n_tiles, double shift, double* partial)
{
    DYN_SHARED(double, slots);
    const Tile tile = tiles[blockIdx.x];
    const Roi roi = rois[tile.roi];
    const Span span = span_of(roi, tile, tile_size);
    double n = 0, sum = 0, energy = 0;
    for (int64 at = span.begin + threadIdx.x; at < span.end; at += blockDim.x) {
        if (!upload[roi.mask + at]) continue;
        double x = intensity(upload, roi, at), shifted = x + shift;
        n += 1;
        sum += x;
        energy += shifted * shifted;
    }
    double* to = partial + blockIdx.x;
    put_sum(n, slots, to);
    put_sum(sum, slots, to + n_tiles);
    put_sum(energy, slots, to + 2 * n_tiles);
}

// One block a region: count, sum (in MEAN's place, until low and high are known) and energy; then what to look for.
extern "C" __global__ void begin_search(const Roi* rois, int64 n_tiles, const double* partial, const double* quantiles,
                                        double* moments, Rank* ranks)
{
    DYN_SHARED(double, slots);
    const Roi roi = rois[blockIdx.x];
    double n = over_tiles(partial, roi, slots);
    double sum = over_tiles(partial + n_tiles, roi, slots);
    double energy = over_tiles(partial + 2 * n_tiles, roi, slots);
    double* own = moments + (int64)blockIdx.x * N_MOMENTS;
    if (threadIdx.x == 0) {
        own[COUNT] = n;
        own[MEAN] = sum;
        own[ENERGY] = energy;
    }
    const int q = threadIdx.x;
    if (q >= N_RANKS) return;
    double rank = q == N_RANKS - 1 ? n - 1 : 0;
    if (q < 2 * N_QUANTILES) rank = min(floor((n - 1) * quantiles[q / 2]) + q % 2, n - 1);
    ranks[(int64)blockIdx.x * N_RANKS + q] = {0, (int)rank, 0};
}

// One block a tile: count the next byte of the intensities that share a rank's prefix. `counts` holds N_BINS for every
// rank of every region, zeros when this begins.
extern "C" __global__ void count_bytes(const uint8* upload, const Roi* rois, const Tile* tiles, int64 tile_size,
                                       int round, const Rank* ranks, int* counts)
{
    DYN_SHARED(int, bins);  // N_RANKS * N_BINS
    __shared__ Rank own[N_RANKS];
    const Tile tile = tiles[blockIdx.x];
    const Roi roi = rois[tile.roi];
    const int bytes = item_bytes(roi.kind);
    if (round >= bytes) return;  // all threads: found already
    if (threadIdx.x < N_RANKS) own[threadIdx.x] = ranks[(int64)tile.roi * N_RANKS + threadIdx.x];
    for (int k = threadIdx.x; k < N_RANKS * N_BINS; k += blockDim.x) bins[k] = 0;
    __syncthreads();
    const Span span = span_of(roi, tile, tile_size);
    const int shift = 8 * (bytes - 1 - round);
    for (int64 at = span.begin + threadIdx.x; at < span.end; at += blockDim.x) {
        if (!upload[roi.mask + at]) continue;
        uint64 known = key_of(upload, roi, at) >> shift;
        int q = 0;
        while (q < N_RANKS && own[q].prefix != known >> 8) q++;  // the first one is the leader
        if (q < N_RANKS) atomicAdd(&bins[q * N_BINS + (int)(known & 255)], 1);
    }
    __syncthreads();
    int* to = counts + (int64)tile.roi * N_RANKS * N_BINS;
    for (int k = threadIdx.x; k < N_RANKS * N_BINS; k += blockDim.x)
        if (bins[k]) atomicAdd(&to[k], bins[k]);
}

// The warp finds the bin of N_BINS in which number `rank.left` falls; the lane that found it writes what is known then.
__device__ inline void narrow_rank(const int* bins, const Rank& rank, Rank* narrowed)
{
    constexpr int EACH = N_BINS / 32;
    const int lane = threadIdx.x % 32;
    int mine = 0;
    for (int k = 0; k < EACH; k++) mine += bins[lane * EACH + k];
    int before = mine;  // first of the lanes up to this one, then of those before it
    for (int step = 1; step < 32; step *= 2) {
        int v = __shfl_up_sync(~0u, before, step);
        if (lane >= step) before += v;
    }
    before -= mine;
    if (rank.left < before || rank.left >= before + mine) return;
    int bin = lane * EACH;
    while (rank.left >= before + bins[bin]) before += bins[bin++];
    *narrowed = {rank.prefix << 8 | (uint64)bin, rank.left - before, 0};
}

// One block a region, a warp a rank: append the byte just counted to every rank's prefix, and clear the counts.
extern "C" __global__ void narrow(const Roi* rois, int round, Rank* ranks, int* counts)
{
    __shared__ Rank narrowed[N_RANKS];
    if (round >= item_bytes(rois[blockIdx.x].kind)) return;  // all threads
    Rank* own = ranks + (int64)blockIdx.x * N_RANKS;
    int* bins = counts + (int64)blockIdx.x * N_RANKS * N_BINS;
    for (int q = threadIdx.x / 32; q < N_RANKS; q += blockDim.x / 32)
        narrow_rank(bins + own[q].leader * N_BINS, own[q], &narrowed[q]);
    __syncthreads();
    for (int k = threadIdx.x; k < N_RANKS * N_BINS; k += blockDim.x) bins[k] = 0;
    if (threadIdx.x >= N_RANKS) return;
    Rank rank = narrowed[threadIdx.x];
    while (narrowed[rank.leader].prefix != rank.prefix) rank.leader++;
    own[threadIdx.x] = rank;
}

// NumPy's linear interpolation, which is exact at both ends.
__device__ inline double between(double a, double b, double t)
{
    return t >= 0.5 ? b - (b - a) * (1.0 - t) : a + (b - a) * t;
}

// One thread a region: low, high, mean, and the quantiles between their ranks.
extern "C" __global__ void end_search(const Roi* rois, int n_roi, const Rank* ranks, const double* quantiles,
                                      double* moments, double* found)
{
    const int r = blockIdx.x * blockDim.x + threadIdx.x;
    if (r >= n_roi) return;
    const Rank* rank = ranks + (int64)r * N_RANKS;
    const int64 kind = rois[r].kind;
    double* own = moments + (int64)r * N_MOMENTS;
    own[LOW] = value_of(rank[N_RANKS - 2].prefix, kind);
    own[HIGH] = value_of(rank[N_RANKS - 1].prefix, kind);
    own[MEAN] = mean_of(own[MEAN], own[COUNT], own[LOW], own[HIGH]);
    for (int k = 0; k < N_QUANTILES; k++) {
        double at = (own[COUNT] - 1) * quantiles[k];
        double below = value_of(rank[2 * k].prefix, kind), above = value_of(rank[2 * k + 1].prefix, kind);
        found[(int64)r * N_QUANTILES + k] = between(below, above, at - floor(at));
    }
}

// One block a tile: sums of the powers of d = x - mean and of |d|; number and sum of the x from the 10th to the 90th
// percentile; to a row each of `partial`.
extern "C" __global__ void sum_powers(const uint8* upload, const Roi* rois, const Tile* tiles, int64 tile_size,
                                      int64 n_tiles, const double* moments, const double* found, double* partial)
{
    DYN_SHARED(double, slots);
    const Tile tile = tiles[blockIdx.x];
    const Roi roi = rois[tile.roi];
    const Span span = span_of(roi, tile, tile_size);
    const double mean = moments[(int64)tile.roi * N_MOMENTS + MEAN];
    const double* p = found + (int64)tile.roi * N_QUANTILES;
    const double p10 = p[0], p90 = p[N_QUANTILES - 1];
    double m2 = 0, m3 = 0, m4 = 0, deviation = 0, inner = 0, inner_sum = 0;
    for (int64 at = span.begin + threadIdx.x; at < span.end; at += blockDim.x) {
        if (!upload[roi.mask + at]) continue;
        double x = intensity(upload, roi, at), d = x - mean;
        m2 += d * d;
        m3 += d * d * d;
        m4 += d * d * d * d;
        deviation += fabs(d);
        if (x < p10 || x > p90) continue;
        inner += 1;
        inner_sum += x;
    }
    double* to = partial + blockIdx.x;
    put_sum(m2, slots, to);
    put_sum(m3, slots, to + n_tiles);
    put_sum(m4, slots, to + 2 * n_tiles);
    put_sum(deviation, slots, to + 3 * n_tiles);
    put_sum(inner, slots, to + 4 * n_tiles);
    put_sum(inner_sum, slots, to + 5 * n_tiles);
}

// One block a region: the central moments; number and mean of the inner pixels, to `inner`.
extern "C" __global__ void end_powers(const Roi* rois, int64 n_tiles, const double* partial, const double* found,
                                      double* moments, double* inner)
{
    DYN_SHARED(double, slots);
    const Roi roi = rois[blockIdx.x];
    double* own = moments + (int64)blockIdx.x * N_MOMENTS;
    for (int k = 0; k < 4; k++) {  // M2, M3, M4, DEVIATION
        double sum = over_tiles(partial + k * n_tiles, roi, slots);
        if (threadIdx.x == 0) own[M2 + k] = sum / own[COUNT];
    }
    double n = over_tiles(partial + 4 * n_tiles, roi, slots);
    double sum = over_tiles(partial + 5 * n_tiles, roi, slots);
    if (threadIdx.x > 0) return;
    const double* p = found + (int64)blockIdx.x * N_QUANTILES;
    inner[2 * (int64)blockIdx.x] = n;
    inner[2 * (int64)blockIdx.x + 1] = n > 0 ? mean_of(sum, n, p[0], p[N_QUANTILES - 1]) : 0;
}

// One block a tile: the sum of |x - inner mean| over the inner pixels.
extern "C" __global__ void sum_robust(const uint8* upload, const Roi* rois, const Tile* tiles, int64 tile_size,
                                      const double* inner, const double* found, double* partial)
{
    DYN_SHARED(double, slots);
    const Tile tile = tiles[blockIdx.x];
    const Roi roi = rois[tile.roi];
    const Span span = span_of(roi, tile, tile_size);
    const double* p = found + (int64)tile.roi * N_QUANTILES;
    const double p10 = p[0], p90 = p[N_QUANTILES - 1], mean = inner[2 * (int64)tile.roi + 1];
    double sum = 0;
    for (int64 at = span.begin + threadIdx.x; at < span.end; at += blockDim.x) {
        if (!upload[roi.mask + at]) continue;
        double x = intensity(upload, roi, at);
        if (x >= p10 && x <= p90) sum += fabs(x - mean);
    }
    put_sum(sum, slots, partial + blockIdx.x);
}

// One block a region: the mean of those; NaN where no pixel is an inner one.
extern "C" __global__ void end_robust(const Roi* rois, const double* partial, const double* inner, double* moments)
{
    DYN_SHARED(double, slots);
    double sum = over_tiles(partial, rois[blockIdx.x], slots), n = inner[2 * (int64)blockIdx.x];
    const double nan = __longlong_as_double(0x7ff8000000000000LL);
    if (threadIdx.x == 0) moments[(int64)blockIdx.x * N_MOMENTS + ROBUST] = n > 0 ? sum / n : nan;
}
