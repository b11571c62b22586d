// What compute-sanitizer's memcheck and racecheck would find, found on the host.
//
// The kernels are compiled with GCC's -fsanitize=thread, which calls __tsan_readN / __tsan_writeN at every access; instead of
// the thread sanitizer's own runtime, which knows nothing of CUDA's threads, these functions here are linked. An access is
// wrong if it lies in no array and no shared memory of the launch. Two accesses of different threads to one address race if
// one of them writes, not both are atomic, and nothing orders them: no order between blocks at all; within a block a barrier;
// within a warp a meeting of its lanes (shuffle, ballot, __syncwarp). The order in which the fibers happen to run does not
// matter. Volatile reads count as atomic: a kernel that polls says so.
#include <cstdint>
#include <cstdio>
#include <dlfcn.h>
#include <link.h>
#include <unordered_map>

struct Now {  // filled in by the shim
    unsigned long block;
    int thread;
    unsigned meeting, warp_meeting;
};
extern "C" void cuhost_now(Now* now);
extern "C" int cuhost_atomic;

namespace {

struct Range { uintptr_t begin, end; };
struct Access {
    Now at{0, -1, 0, 0};
    bool atomic = false;
};
struct Shadow { Access write, reads[2]; };  // the last write; the last reads of two different threads

constexpr int MOST_RANGES = 4096;
Range ranges[MOST_RANGES], ignored[4], module{0, 0};
int n_ranges = 0, n_ignored = 0;
bool active = false, inside = false;
char message[512];
const char* kernel_name = "";
std::unordered_map<uintptr_t, Shadow>* shadows = nullptr;

bool within(const Range& r, uintptr_t p, int n) { return p >= r.begin && p + n <= r.end; }

bool ordered(const Access& before, const Now& now)
{
    if (before.at.thread < 0) return true;
    if (before.at.block != now.block) return false;
    if (before.at.thread == now.thread || before.at.meeting != now.meeting) return true;
    return before.at.thread / 32 == now.thread / 32 && before.at.warp_meeting != now.warp_meeting;
}

void report(const char* what, uintptr_t p, int n, bool write, const Now& now, const Access* other)
{
    if (message[0]) return;
    int used = std::snprintf(message, sizeof message, "%s: %s: block %lu, thread %d %s %d bytes", kernel_name, what,
                             now.block, now.thread, write ? "writes" : "reads", n);
    if (other)
        std::snprintf(message + used, sizeof message - used, " that block %lu, thread %d touched", other->at.block,
                      other->at.thread);
    else {
        const Range* nearest = nullptr;
        for (int k = 0; k < n_ranges; k++)
            if (p + n > ranges[k].begin && (!nearest || ranges[k].begin > nearest->begin)) nearest = &ranges[k];
        if (nearest)
            std::snprintf(message + used, sizeof message - used, ", %ld bytes into an array of %ld",
                          long(p - nearest->begin), long(nearest->end - nearest->begin));
    }
}

void check_race(uintptr_t p, int n, bool write, const Now& now)
{
    Shadow& s = (*shadows)[p];
    Access here{now, cuhost_atomic != 0};
    if (!ordered(s.write, now) && !(s.write.atomic && here.atomic)) report("race", p, n, write, now, &s.write);
    if (write) {
        for (const Access& read : s.reads)
            if (!ordered(read, now) && !(read.atomic && here.atomic)) report("race", p, n, write, now, &read);
        s.write = here;
        return;
    }
    bool same = s.reads[0].at.block == now.block && s.reads[0].at.thread == now.thread;
    if (!same) s.reads[1] = s.reads[0];
    // A plain read is what a later atomic write races with: an atomic one of the same thread does not hide it.
    bool hides = same && !s.reads[0].atomic && ordered(s.reads[0], now) && s.reads[0].at.meeting == now.meeting;
    if (!(hides && here.atomic)) s.reads[0] = here;
}

void access(void* address, int n, bool write)
{
    if (!active || inside || message[0]) return;
    inside = true;
    uintptr_t p = reinterpret_cast<uintptr_t>(address);
    bool skip = within(module, p, n);
    for (int k = 0; k < n_ignored && !skip; k++) skip = within(ignored[k], p, n);
    if (!skip) {
        Now now;
        cuhost_now(&now);
        bool known = false;
        for (int k = 0; k < n_ranges && !known; k++) known = within(ranges[k], p, n);
        if (known) check_race(p, n, write, now);
        else report("outside every array", p, n, write, now, nullptr);
    }
    inside = false;
}

int find_module(dl_phdr_info* info, size_t, void*)
{
    uintptr_t own = reinterpret_cast<uintptr_t>(&message);
    for (int k = 0; k < info->dlpi_phnum; k++) {
        const auto& part = info->dlpi_phdr[k];
        uintptr_t begin = info->dlpi_addr + part.p_vaddr;
        if (part.p_type != PT_LOAD || own < begin || own >= begin + part.p_memsz) continue;
        uintptr_t low = UINTPTR_MAX, high = 0;
        for (int q = 0; q < info->dlpi_phnum; q++)
            if (info->dlpi_phdr[q].p_type == PT_LOAD) {
                uintptr_t at = info->dlpi_addr + info->dlpi_phdr[q].p_vaddr;
                low = at < low ? at : low;
                high = at + info->dlpi_phdr[q].p_memsz > high ? at + info->dlpi_phdr[q].p_memsz : high;
            }
        module = {low, high};
        return 1;
    }
    return 0;
}

}  // namespace

extern "C" {
int cuhost_atomic = 0;

// Called by the shim: a launch begins; its shared memory (each block anew), the fibers' stacks.
void cuhost_begin(const char* name, const void* dynamic, size_t n_dynamic, const void* fixed, size_t n_fixed,
                  const void* stacks, size_t n_stacks)
{
    if (!shadows) shadows = new std::unordered_map<uintptr_t, Shadow>;
    if (!module.end) dl_iterate_phdr(find_module, nullptr);
    shadows->clear();
    message[0] = 0;
    kernel_name = name;
    auto range = [](const void* p, size_t n) { return Range{uintptr_t(p), uintptr_t(p) + n}; };
    ranges[0] = range(dynamic, n_dynamic);
    ranges[1] = range(fixed, n_fixed);
    ignored[0] = range(stacks, n_stacks);
    n_ignored = 1;
}

void cuhost_active(int on) { active = on != 0; }

// Shared memory begins anew with every block.
void cuhost_forget_shared()
{
    for (int k = 0; k < 2; k++)
        for (uintptr_t p = ranges[k].begin; p < ranges[k].end; p++) shadows->erase(p);
}

__attribute__((visibility("default"))) void cuhost_arrays(const uintptr_t* begin, const size_t* size, int n)
{
    n_ranges = 2;
    for (int k = 0; k < n && n_ranges < MOST_RANGES; k++) ranges[n_ranges++] = {begin[k], begin[k] + size[k]};
}

__attribute__((visibility("default"))) const char* cuhost_message() { return message; }

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
#define ACCESS(N)                                                                   \
    void __tsan_read##N(void* p) { access(p, N, false); }                           \
    void __tsan_write##N(void* p) { access(p, N, true); }                           \
    void __tsan_unaligned_read##N(void* p) { access(p, N, false); }                 \
    void __tsan_unaligned_write##N(void* p) { access(p, N, true); }                 \
    void __tsan_volatile_read##N(void* p)                                           \
    {                                                                               \
        cuhost_atomic++;                                                            \
        access(p, N, false);                                                        \
        cuhost_atomic--;                                                            \
    }                                                                               \
    void __tsan_volatile_write##N(void* p)                                          \
    {                                                                               \
        cuhost_atomic++;                                                            \
        access(p, N, true);                                                         \
        cuhost_atomic--;                                                            \
    }
ACCESS(1) ACCESS(2) ACCESS(4) ACCESS(8) ACCESS(16)
void __tsan_read_range(void* p, unsigned long n) { for (unsigned long k = 0; k < n; k += 4) access((char*)p + k, n - k < 4 ? int(n - k) : 4, false); }
void __tsan_write_range(void* p, unsigned long n) { for (unsigned long k = 0; k < n; k += 4) access((char*)p + k, n - k < 4 ? int(n - k) : 4, true); }
}
