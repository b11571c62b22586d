// Outline, area, second moments and diameter of a region, taken from its shape's mask.
//
// Everything that is counted is a whole number, so that the order of additions does not matter; what is not whole is worked
// out in the cpu engine's own order. Coordinates of the outline are doubled to stay whole: half row 2 y + 1 runs through the
// middle of row y, half row 2 y along its upper border.

constexpr int FAR = 0x7fffffff;  // beyond any row or column, doubled
constexpr int N_MEASURES = 9, N_OUTLINE = 4;
constexpr int CHUNK = 32;  // half rows of which one thread makes a convex chain

// What a row of the box holds.
struct Row {
    int64 n, sum, squares;  // of 1, x, x^2 over its pixels inside
    int first, last;        // the outermost ones; first is -1 where there are none
};

__device__ inline int warp_sum(int v)
{
    for (int step = 16; step > 0; step /= 2) v += __shfl_xor_sync(~0u, v, step);
    return v;
}

__device__ inline int64 warp_sum(int64 v)
{
    for (int step = 16; step > 0; step /= 2) v += __shfl_xor_sync(~0u, v, step);
    return v;
}

// Segments of the outline through squares of 2 x 2 pixels (Lorensen and Cline, 1987), and eighths of a pixel inside.
struct Outline {
    int across, down, oblique, eighths;

    // Corners clockwise from the upper left one, 1 inside and 0 outside.
    __device__ inline void add(int a, int b, int c, int d)
    {
        int inside = a + b + c + d;
        bool corner = inside & 1, crossed = inside == 2 && a == c;
        oblique += corner + 2 * crossed;
        eighths += inside == 1 ? 1 : inside == 3 ? 7 : crossed ? 2 : 2 * inside;
        across += inside == 2 && a == b;
        down += inside == 2 && a == d;
    }
};

// One warp: the squares whose upper corners lie in row y - 1 of the box, and row y itself. `at` is where row y - 1 begins,
// the column before the box included; `w` leads to the next row.
__device__ inline Row walk_row(const uint8* at, int64 w, int columns, Outline* outline)
{
    Row row = {0, 0, 0, -1, -1};
    for (int begin = 0; begin <= columns; begin += 32) {
        int x = begin + threadIdx.x % 32, inside = 0;
        if (x <= columns) {
            inside = at[w + x + 1];
            outline->add(at[x], at[x + 1], inside, at[w + x]);
        }
        unsigned lanes = __ballot_sync(~0u, inside);
        row.sum += (int64)inside * x;
        row.squares += (int64)inside * x * x;
        row.n += __popc(lanes);
        if (lanes == 0) continue;
        if (row.first < 0) row.first = begin + __ffs(lanes) - 1;
        row.last = begin + 31 - __clz(lanes);
    }
    row.sum = warp_sum(row.sum);
    row.squares = warp_sum(row.squares);
    return row;
}

// One block a tile, a warp a row: counts of the outline (across, down, oblique, eighths) and what each row holds. Tile k of
// n takes the k-th n-th part of the region's rows and the one below; `ends` holds where the rows of each region end.
extern "C" __global__ void walk_rows(const Roi* rois, const Tile* tiles, int pad, const uint8* shape_mask,
                                     const int64* ends, uint64* outlines, Row* rows)
{
    const Tile tile = tiles[blockIdx.x];
    const Roi roi = rois[tile.roi];
    const int64 w = roi.columns + 2 * pad, lines = roi.rows + 1;
    const int64 begin = tile.number * lines / roi.n_tiles, end = (tile.number + 1) * lines / roi.n_tiles;
    const uint8* box = shape_mask + roi.start + (pad - 1) * w + pad - 1;  // one row and column before the box
    Outline outline = {0, 0, 0, 0};
    for (int64 y = begin + threadIdx.x / 32; y < end; y += blockDim.x / 32) {
        Row row = walk_row(box + y * w, w, (int)roi.columns, &outline);
        if (threadIdx.x % 32 == 0 && y < roi.rows) rows[ends[tile.roi] - roi.rows + y] = row;
    }
    const int counts[N_OUTLINE] = {warp_sum(outline.across), warp_sum(outline.down), warp_sum(outline.oblique),
                                   warp_sum(outline.eighths)};
    if (threadIdx.x % 32 > 0) return;
    for (int k = 0; k < N_OUTLINE; k++) atomicAdd(&outlines[(int64)tile.roi * N_OUTLINE + k], (uint64)counts[k]);
}

// One block a region: all measures but the diameter. The central moments are added row by row, as the cpu engine does.
extern "C" __global__ void end_moments(const Roi* rois, const int64* ends, const Row* rows, const uint64* outlines,
                                       double* measures)
{
    DYN_SHARED(int64, slots);
    const int64 count = rois[blockIdx.x].rows;
    const Row* row = rows + ends[blockIdx.x] - count;
    int64 pixels = 0, along_y = 0, along_x = 0;
    for (int64 y = threadIdx.x; y < count; y += blockDim.x) {
        pixels += row[y].n;
        along_y += row[y].n * y;
        along_x += row[y].sum;
    }
    const double n = (double)block_sum(pixels, slots);
    const double my = (double)block_sum(along_y, slots) / n, mx = (double)block_sum(along_x, slots) / n;
    if (threadIdx.x > 0) return;
    double yy = 0, xx = 0, yx = 0;
    for (int64 y = 0; y < count; y++) {
        double of = (double)row[y].n, sum = (double)row[y].sum, squares = (double)row[y].squares, dy = (double)y - my;
        yy += of * dy * dy;
        yx += dy * (sum - of * mx);
        xx += squares - 2.0 * mx * sum + of * mx * mx;
    }
    double* out = measures + (int64)blockIdx.x * N_MEASURES;
    out[0] = n;
    for (int k = 0; k < N_OUTLINE; k++) out[1 + k] = (double)outlines[(int64)blockIdx.x * N_OUTLINE + k];
    out[5] = yy / n;
    out[6] = xx / n;
    out[7] = yx / n;
}

// A point of the outline: half row and column, doubled. The column's sign is turned on the right side, so that both sides
// look for the least one.
struct Point {
    int t, x;
};

// The border between the box's row y and what lies left (side 1) or right (side -1) of its pixels; FAR where it has none.
__device__ inline int border_of(const Row* row, int count, int y, int side)
{
    if (y < 0 || y >= count || row[y].first < 0) return FAR;
    return side > 0 ? 2 * row[y].first : -2 * row[y].last - 2;
}

// The outermost vertex on half row t of one side; FAR where none could be a corner of the hull: between two rows that begin
// alike the outline is further in.
__device__ inline int vertex_on(const Row* row, int count, int t, int side)
{
    int lower = border_of(row, count, t / 2, side);
    if (t % 2) return lower;
    int upper = border_of(row, count, t / 2 - 1, side);
    return lower == upper ? FAR : min(lower, upper) + 1;
}

// Append a point to a convex chain of n points (Andrew, 1979); gives its new length. Points come sorted by half row.
__device__ inline int append(Point* chain, int n, Point p)
{
    while (n >= 2) {
        Point a = chain[n - 2], b = chain[n - 1];
        if ((int64)(b.t - a.t) * (p.x - a.x) - (int64)(b.x - a.x) * (p.t - a.t) > 0) break;
        n--;
    }
    chain[n] = p;
    return n + 1;
}

// The convex chain of the CHUNK half rows from `begin`, in place; a point with t = FAR ends a chain that is shorter.
__device__ inline void chain_of(const Row* row, int count, int begin, int side, Point* chain)
{
    const int end = min(begin + CHUNK, 2 * count + 1);
    int n = 0;
    for (int t = begin; t < end; t++) {
        int x = vertex_on(row, count, t, side);
        if (x != FAR) n = append(chain, n, {t, x});
    }
    if (begin + n < end) chain[n].t = FAR;
}

// One chain of all the chunks', in place: it never grows past what has been read. Gives its length.
__device__ inline int join(Point* chain, int half_rows)
{
    int n = 0;
    for (int begin = 0; begin < half_rows; begin += CHUNK)
        for (int k = begin; k < min(begin + CHUNK, half_rows) && chain[k].t != FAR; k++) n = append(chain, n, chain[k]);
    return n;
}

// Greatest squared distance of the points to those before them, over this thread's share of the points.
__device__ inline double farthest(const Point* left, int n_left, const Point* right, int n_right, double row, double column)
{
    double most = 0;
    for (int k = threadIdx.x; k < n_left + n_right; k += blockDim.x) {
        Point p = k < n_left ? left[k] : Point{right[k - n_left].t, -right[k - n_left].x};
        for (int q = 0; q < k; q++) {
            Point o = q < n_left ? left[q] : Point{right[q - n_left].t, -right[q - n_left].x};
            double dy = 0.5 * (p.t - o.t) * row, dx = 0.5 * (p.x - o.x) * column;
            most = max(most, dy * dy + dx * dx);
        }
    }
    return most;
}

// One block a region: the diameter, over the corners of the convex hull. `points` holds a place for every half row of
// either side.
extern "C" __global__ void diameters(const Roi* rois, const int64* ends, const Row* rows, const double* spacing,
                                     Point* points, double* measures)
{
    __shared__ int length[2];
    __shared__ uint64 longest;  // the bits of a number that is not negative sort as it does
    const int count = (int)rois[blockIdx.x].rows, half_rows = 2 * count + 1, chunks = (half_rows + CHUNK - 1) / CHUNK;
    const int64 first = ends[blockIdx.x] - count;
    Point* const own = points + 2 * (2 * first + blockIdx.x);  // the left side's, then the right side's
    for (int k = threadIdx.x; k < 2 * chunks; k += blockDim.x) {
        int begin = k / 2 * CHUNK;
        chain_of(rows + first, count, begin, k % 2 ? -1 : 1, own + k % 2 * half_rows + begin);
    }
    __syncthreads();
    if (threadIdx.x == 0) longest = 0;
    if (threadIdx.x % (blockDim.x / 2) == 0) {
        int k = threadIdx.x > 0;
        length[k] = join(own + k * half_rows, half_rows);
    }
    __syncthreads();
    const double* mm = spacing + 2 * (int64)blockIdx.x;
    double most = farthest(own, length[0], own + half_rows, length[1], mm[0], mm[1]);
    for (int step = 16; step > 0; step /= 2) most = max(most, __shfl_xor_sync(~0u, most, step));
    if (threadIdx.x % 32 == 0) atomicMax(&longest, (uint64)__double_as_longlong(most));
    __syncthreads();
    if (threadIdx.x == 0) measures[(int64)blockIdx.x * N_MEASURES + 8] = sqrt(__longlong_as_double((int64)longest));
}
