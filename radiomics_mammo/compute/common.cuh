// What all kernels share. The same text is compiled by NVRTC for a GPU and, in the tests, by g++ for the host.

typedef long long int64;
typedef unsigned long long uint64;
typedef unsigned char uint8;

#ifndef DYN_SHARED  // the host's shim brings its own
#define DYN_SHARED(T, name)                                  \
    extern __shared__ __align__(16) unsigned char name##_[]; \
    T* name = reinterpret_cast<T*>(name##_)
#endif

// One region of interest, a row of radiomics_mammo/engines/upload.py's table. Its framed box has (rows + 2 pad) x (columns + 2 pad) pixels.
struct Roi {
    int64 rows, columns;       // of the box, without the frame
    int64 start;               // where the framed box begins in levels and shape_mask
    int64 bound;               // no grey level is higher
    int64 values, kind;        // where the intensities begin in the upload (bytes), and their type (see intensity)
    int64 mask, shape;         // where the two masks begin in the upload (bytes)
    int64 edges, n_edges;      // where the bin edges begin (doubles), and how many there are
    int64 first_tile, n_tiles; // its tiles
};

// A stretch of a region's framed box: pixels begin to end, counted from the box's start. No tile spans two regions.
struct Tile {
    int roi, begin, end, number;  // number: the how-manieth of its region
};

// An intensity of the upload as a double; `at` counts the pixels of the box without the frame, row by row.
__device__ inline double intensity(const uint8* upload, const Roi& roi, int64 at)
{
    const uint8* p = upload + roi.values;
    switch (roi.kind) {
        case 0: return p[at];
        case 1: return reinterpret_cast<const signed char*>(p)[at];
        case 2: return reinterpret_cast<const unsigned short*>(p)[at];
        case 3: return reinterpret_cast<const short*>(p)[at];
        case 4: return reinterpret_cast<const unsigned*>(p)[at];
        case 5: return reinterpret_cast<const int*>(p)[at];
        case 6: return (double)reinterpret_cast<const uint64*>(p)[at];
        case 7: return (double)reinterpret_cast<const int64*>(p)[at];
        case 8: return reinterpret_cast<const float*>(p)[at];
        default: return reinterpret_cast<const double*>(p)[at];
    }
}

// Sum over the threads of a block, in an order that the block's size alone decides; every thread gets it.
// `slots` holds blockDim.x values in shared memory.
template <class T>
__device__ inline T block_sum(T v, T* slots)
{
    slots[threadIdx.x] = v;
    __syncthreads();
    for (unsigned n = blockDim.x; n > 1;) {
        unsigned half = (n + 1) / 2;
        if (threadIdx.x < n - half) slots[threadIdx.x] += slots[threadIdx.x + half];
        __syncthreads();
        n = half;
    }
    T sum = slots[0];
    __syncthreads();  // the slots are free again
    return sum;
}
