// Run the text of a CUDA kernel on the host: one fiber a CUDA thread, one block after another.
//
// A fiber runs until a barrier (or a warp's exchange) makes it wait; then the next one of a ring runs. The ring's order is
// shuffled by a seed, so that a missing barrier shows as wrong numbers, and a barrier that not every thread reaches is
// reported. Shared memory holds rubbish when a block begins. No cooperative groups, no cub; one mask a warp at a time.
#pragma once
#define CUHOST 1
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <type_traits>
#include <utility>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#ifdef CUHOST_SANITIZE
#define CUHOST_UNSEEN __attribute__((no_sanitize("thread")))
extern "C" {  // sanitizer.cpp
extern int cuhost_atomic;
void cuhost_begin(const char*, const void*, size_t, const void*, size_t, const void*, size_t);
void cuhost_active(int);
void cuhost_forget_shared();
}
struct Atomic {  // nothing may be moved out of its life
    Atomic() { cuhost_atomic++; asm volatile("" ::: "memory"); }
    ~Atomic() { asm volatile("" ::: "memory"); cuhost_atomic--; }
};
#else
#define CUHOST_UNSEEN
inline void cuhost_begin(const char*, const void*, size_t, const void*, size_t, const void*, size_t) {}
inline void cuhost_active(int) {}
inline void cuhost_forget_shared() {}
struct Atomic { Atomic() {} };
#endif

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __constant__ static
#define __shared__ static __attribute__((section("cushared")))
#define __align__(n) alignas(n)
#define DYN_SHARED(T, name) T* name = reinterpret_cast<T*>(cuhost::block.dynamic)

extern "C" char __start_cushared[] __attribute__((weak));
extern "C" char __stop_cushared[] __attribute__((weak));

struct uint3 { unsigned x, y, z; };

namespace cuhost {

constexpr int MOST_THREADS = 1024, STACK = 128 * 1024, RUBBISH = 0xCD, GUARD = 4096;

struct Fiber {
    uint3 thread;
    int number = 0;
    bool done = true;
    char* stack = nullptr;
#if defined(__x86_64__)
    void* top = nullptr;
#else
    ucontext_t context;
#endif
};

struct Warp {
    unsigned arrived = 0, live = 0, meeting = 0;
    uint64_t slot[2][32];
};

struct Block {
    Fiber fiber[MOST_THREADS], main;
    Warp warp[MOST_THREADS / 32];
    Fiber* running = nullptr;
    int threads = 0, live = 0, arrived = 0, idle = 0, sum[2] = {0, 0};
    unsigned meeting = 0;
    uint3 grid, dim, index;
    char* dynamic = nullptr;  // shared memory between guards
    size_t capacity = 0;
    int next[MOST_THREADS];
    void (*body)(void*) = nullptr;
    void* kernel = nullptr;
};
inline Block block;

#if defined(__x86_64__)
extern "C" void cuhost_swap(void** save, void* load);
asm(R"(.text
.weak cuhost_swap
.type cuhost_swap,@function
cuhost_swap:
  pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
  movq %rsp,(%rdi); movq %rsi,%rsp
  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
  ret
)");
inline void swap(Fiber* from, Fiber* to) { cuhost_swap(&from->top, to->top); }
inline void prepare(Fiber* f, void (*entry)())
{
    void** top = reinterpret_cast<void**>(f->stack + STACK) - 2;  // the entry sees the stack as after a call
    *top = reinterpret_cast<void*>(entry);
    f->top = top - 6;
}
#else
inline void swap(Fiber* from, Fiber* to) { swapcontext(&from->context, &to->context); }
inline void prepare(Fiber* f, void (*entry)())
{
    getcontext(&f->context);
    f->context.uc_stack.ss_sp = f->stack;
    f->context.uc_stack.ss_size = STACK;
    f->context.uc_link = nullptr;
    makecontext(&f->context, entry, 0);
}
#endif

inline Fiber* following(const Fiber* f)
{
    int i = block.next[f->number];
    while (block.fiber[i].done) i = block.next[i];
    return &block.fiber[i];
}

inline void wait()
{
    if (++block.idle > 4 * block.threads + 64) {
        std::fprintf(stderr, "cuhost: block (%u, %u, %u) waits at a barrier that not every live thread reaches\n",
                     block.index.x, block.index.y, block.index.z);
        std::abort();
    }
    Fiber *from = block.running, *to = following(from);
    if (to == from) return;
    block.running = to;
    swap(from, to);
    cuhost_active(1);
}

inline void release_block()
{
    block.arrived = block.idle = 0;
    block.sum[++block.meeting & 1] = 0;
}

inline void release_warp(Warp& w)
{
    w.arrived = 0;
    w.meeting++;
    block.idle = 0;
}

inline void run_fiber()
{
    block.body(block.kernel);
    cuhost_active(0);
    Fiber* f = block.running;
    f->done = true;
    block.idle = 0;
    Warp& w = block.warp[f->number / 32];
    w.live &= ~(1u << (f->number & 31));
    if (--block.live && block.arrived == block.live) release_block();
    block.running = block.live ? following(f) : &block.main;
    swap(f, block.running);
    __builtin_unreachable();
}

// Wait for all live threads of the block; gives the sum of v over them.
inline int block_barrier(int v)
{
    unsigned meeting = block.meeting;
    int side = meeting & 1;
    block.sum[side] += v;
    if (++block.arrived == block.live) release_block();
    else do wait(); while (block.meeting == meeting);
    return block.sum[side];
}

// Wait for all live lanes of the mask; gives what each of them brought.
inline uint64_t* warp_exchange(unsigned mask, uint64_t v)
{
    Warp& w = block.warp[block.running->number / 32];
    unsigned meeting = w.meeting, lane = block.running->number & 31;
    uint64_t* slots = w.slot[meeting & 1];
    slots[lane] = v;
    w.arrived |= 1u << lane;
    if (w.arrived == (mask & w.live)) release_warp(w);
    else do {
        wait();
        if (w.meeting == meeting && w.arrived == (mask & w.live)) release_warp(w);
    } while (w.meeting == meeting);
    return slots;
}

template <class T> uint64_t bits(T v) { uint64_t u = 0; std::memcpy(&u, &v, sizeof v); return u; }
template <class T> T unbits(uint64_t u) { T v; std::memcpy(&v, &u, sizeof v); return v; }
inline int lane() { return block.running->number & 31; }
template <class T> T from_lane(unsigned mask, T v, int source)
{
    uint64_t* slots = warp_exchange(mask, bits(v));
    return source >= 0 ? unbits<T>(slots[source]) : v;
}

// What a parameter is: its kind ('i', 'u', 'f' and the size of what a pointer points to; 's' for structs and void).
template <class T> int kind_of()
{
    using V = std::remove_cv_t<T>;
    if constexpr (std::is_floating_point_v<V>) return 'f' * 256 + int(sizeof(V));
    else if constexpr (std::is_integral_v<V> && std::is_signed_v<V>) return 'i' * 256 + int(sizeof(V));
    else if constexpr (std::is_integral_v<V>) return 'u' * 256 + int(sizeof(V));
    else return 's' * 256;
}
template <class T> void describe(int*& out)
{
    *out++ = std::is_pointer_v<T>;
    *out++ = kind_of<std::remove_pointer_t<T>>();
}
template <class... A> int parameters(void (*)(A...), int* out) { (describe<A>(out), ...); return sizeof...(A); }

template <class... A, size_t... I> CUHOST_UNSEEN void call(void (*f)(A...), void** a, std::index_sequence<I...>)
{
    cuhost_active(1);
    f(*static_cast<std::remove_reference_t<A>*>(a[I])...);
}

inline void start_block(const unsigned* dim, size_t dynamic)
{
    cuhost_forget_shared();
    block.live = block.threads;
    block.arrived = block.idle = block.sum[0] = block.sum[1] = 0;
    block.meeting = 0;
    if (dynamic) std::memset(block.dynamic, RUBBISH, dynamic);
    if (__start_cushared) std::memset(__start_cushared, RUBBISH, size_t(__stop_cushared - __start_cushared));
    for (int i = 0; i < block.threads; i++) {
        Fiber& f = block.fiber[i];
        unsigned u = unsigned(i);
        f.number = i;
        f.done = false;
        f.thread = {u % dim[0], u / dim[0] % dim[1], u / dim[0] / dim[1]};
        prepare(&f, run_fiber);
    }
    for (int i = 0; i < (block.threads + 31) / 32; i++) {
        int lanes = block.threads - 32 * i;
        block.warp[i].live = lanes >= 32 ? ~0u : (1u << lanes) - 1;
        block.warp[i].arrived = block.warp[i].meeting = 0;
    }
}

inline int shuffle_ring(unsigned seed)
{
    int order[MOST_THREADS];
    for (int i = 0; i < block.threads; i++) order[i] = i;
    for (int i = seed ? block.threads - 1 : 0; i > 0; i--) {
        seed = seed * 1664525u + 1013904223u;
        std::swap(order[i], order[(seed >> 8) % unsigned(i + 1)]);
    }
    for (int i = 0; i < block.threads; i++) block.next[order[i]] = order[(i + 1) % block.threads];
    return order[0];
}

inline void reserve(size_t dynamic)
{
    if (!block.fiber[0].stack) {
        void* m = mmap(nullptr, size_t(STACK) * MOST_THREADS, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        for (int i = 0; i < MOST_THREADS; i++) block.fiber[i].stack = static_cast<char*>(m) + size_t(i) * STACK;
    }
    if (!block.dynamic || dynamic > block.capacity) {
        if (block.dynamic) std::free(block.dynamic - GUARD);
        block.capacity = (dynamic + 63) / 64 * 64;
        block.dynamic = static_cast<char*>(std::aligned_alloc(64, block.capacity + 2 * GUARD)) + GUARD;
    }
    std::memset(block.dynamic - GUARD, RUBBISH, dynamic + 2 * GUARD);
}

inline bool kept_within(size_t dynamic)
{
    const char *before = block.dynamic - GUARD, *after = block.dynamic + dynamic;
    for (int i = 0; i < GUARD; i++)
        if (before[i] != char(RUBBISH) || after[i] != char(RUBBISH)) return false;
    return true;
}

template <class... A>
int launch(const char* name, void (*f)(A...), const unsigned* grid, const unsigned* dim, size_t dynamic, void** args,
           unsigned seed)
{
    struct Call { void (*f)(A...); void** args; } kernel{f, args};
    block.threads = int(dim[0] * dim[1] * dim[2]);
    if (block.threads < 1 || block.threads > MOST_THREADS) return 1;
    reserve(dynamic);
    block.grid = {grid[0], grid[1], grid[2]};
    block.dim = {dim[0], dim[1], dim[2]};
    block.kernel = &kernel;
    block.body = [](void* p) CUHOST_UNSEEN {
        auto* c = static_cast<Call*>(p);
        call(c->f, c->args, std::index_sequence_for<A...>{});
    };
    int first = shuffle_ring(seed);
    cuhost_begin(name, block.dynamic, dynamic, __start_cushared, size_t(__stop_cushared - __start_cushared),
                 block.fiber[0].stack, size_t(STACK) * MOST_THREADS);
    for (unsigned z = 0; z < grid[2]; z++)
        for (unsigned y = 0; y < grid[1]; y++)
            for (unsigned x = 0; x < grid[0]; x++) {
                // With a seed, odd blocks run in the other direction: nobody may count on the order of blocks.
                block.index = {seed & 1 ? grid[0] - 1 - x : x, y, z};
                start_block(dim, dynamic);
                block.running = &block.fiber[first];
                swap(&block.main, block.running);
            }
    return kept_within(dynamic) ? 0 : 2;
}

}  // namespace cuhost

#ifdef CUHOST_SANITIZE
struct Now { unsigned long block; int thread; unsigned meeting, warp_meeting; };
extern "C" CUHOST_UNSEEN inline __attribute__((used)) void cuhost_now(Now* now)
{
    const auto& b = cuhost::block;
    int thread = b.running->number;
    unsigned long number = b.index.x + (unsigned long)b.grid.x * (b.index.y + (unsigned long)b.grid.y * b.index.z);
    *now = {number, thread, b.meeting, b.warp[thread / 32].meeting};
}
#endif

#define CUHOST_ENTRY extern "C" __attribute__((visibility("default")))
#define CUHOST_KERNEL(K)                                                                                                    \
    CUHOST_ENTRY int K##__launch(const unsigned* g, const unsigned* b, size_t s, void** a, unsigned seed)                     \
    { return cuhost::launch(#K, K, g, b, s, a, seed); }                                                                         \
    CUHOST_ENTRY int K##__parameters(int* out) { return cuhost::parameters(K, out); }

#define threadIdx (cuhost::block.running->thread)
#define blockIdx (cuhost::block.index)
#define blockDim (cuhost::block.dim)
#define gridDim (cuhost::block.grid)
constexpr int warpSize = 32;

inline void __syncthreads() { cuhost::block_barrier(0); }
inline int __syncthreads_count(int p) { return cuhost::block_barrier(p != 0); }
inline int __syncthreads_or(int p) { return cuhost::block_barrier(p != 0) != 0; }
inline int __syncthreads_and(int p) { return cuhost::block_barrier(p == 0) == 0; }
inline void __syncwarp(unsigned mask = ~0u) { cuhost::warp_exchange(mask, 0); }
inline void __threadfence() {}
inline void __threadfence_block() {}
template <class T> T __shfl_sync(unsigned m, T v, int s, int w = 32)
{ return cuhost::from_lane(m, v, (cuhost::lane() & ~(w - 1)) + (s & (w - 1))); }
template <class T> T __shfl_down_sync(unsigned m, T v, unsigned d, int w = 32)
{ int l = cuhost::lane(); return cuhost::from_lane(m, v, (l & (w - 1)) + int(d) < w ? l + int(d) : -1); }
template <class T> T __shfl_up_sync(unsigned m, T v, unsigned d, int w = 32)
{ int l = cuhost::lane(); return cuhost::from_lane(m, v, (l & (w - 1)) >= int(d) ? l - int(d) : -1); }
template <class T> T __shfl_xor_sync(unsigned m, T v, int x, int = 32) { return cuhost::from_lane(m, v, cuhost::lane() ^ x); }
inline unsigned __ballot_sync(unsigned m, int p)
{
    unsigned live = cuhost::block.warp[cuhost::block.running->number / 32].live & m, ballot = 0;
    uint64_t* slots = cuhost::warp_exchange(m, p != 0);
    for (int i = 0; i < 32; i++) if (live >> i & 1) ballot |= unsigned(slots[i]) << i;
    return ballot;
}
inline int __any_sync(unsigned m, int p) { return __ballot_sync(m, p) != 0; }
inline int __all_sync(unsigned m, int p) { return __ballot_sync(m, !p) == 0; }

template <class T, class U> T atomicAdd(T* p, U v) { Atomic atomic; T o = *p; *p = o + T(v); return o; }
template <class T, class U> T atomicMax(T* p, U v) { Atomic atomic; T o = *p; if (T(v) > o) *p = T(v); return o; }
template <class T, class U> T atomicMin(T* p, U v) { Atomic atomic; T o = *p; if (T(v) < o) *p = T(v); return o; }
template <class T, class U> T atomicOr(T* p, U v) { Atomic atomic; T o = *p; *p = o | T(v); return o; }
template <class T, class U> T atomicExch(T* p, U v) { Atomic atomic; T o = *p; *p = T(v); return o; }
template <class T> T atomicCAS(T* p, T expected, T v) { Atomic atomic; T o = *p; if (o == expected) *p = v; return o; }
template <class T> T __ldg(const T* p) { return *p; }
inline int __popc(unsigned v) { return __builtin_popcount(v); }
inline int __popcll(unsigned long long v) { return __builtin_popcountll(v); }
inline int __clz(int v) { return v ? __builtin_clz(unsigned(v)) : 32; }
inline int __clzll(long long v) { return v ? __builtin_clzll((unsigned long long)v) : 64; }
inline int __ffs(int v) { return __builtin_ffs(v); }
inline unsigned __brev(unsigned v) { unsigned r = 0; for (int i = 0; i < 32; i++) r |= (v >> i & 1) << (31 - i); return r; }
inline long long __double_as_longlong(double v) { return cuhost::unbits<long long>(cuhost::bits(v)); }
inline double __longlong_as_double(long long v) { return cuhost::unbits<double>(cuhost::bits(v)); }
using std::abs; using std::ceil; using std::floor; using std::isnan; using std::log2; using std::max; using std::min; using std::sqrt;
