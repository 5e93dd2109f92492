// As much of the CUDA runtime as the generated projects use, in ordinary memory and one thread: the kernels run, and can
// be compared with the C++ device, where there is no GPU.  Included before everything else; tests/cuda_on_host.py
// rewrites the launches.
//
// What it does not show: speed, and what only real parallel threads do.  What it does to find mistakes: allocations end
// at a page that cannot be touched and begin as not-a-number, blocks and threads run in an order that a seed draws
// (CUDA_ON_HOST_SEED), threads that do not meet at a barrier end the program, and so does a copy in the wrong direction.
#pragma once
#include <sys/mman.h>
#include <ucontext.h>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#define __CUDA_ARCH__ 900
#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __forceinline__ inline

struct dim3
{
    unsigned x, y, z;
    dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
inline dim3 threadIdx, blockIdx, blockDim, gridDim;

[[noreturn]] inline void host_abort(const char* what)
{
    fprintf(stderr, "CUDA on the host: %s\n", what);
    std::_Exit(70);
}

// -- memory -------------------------------------------------------------------------------------------------------------
typedef int cudaError;
typedef int cudaError_t;
typedef int curandStatus_t_;
enum { cudaSuccess = 0 };
enum cudaMemcpyKind { cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum { cudaLimitMallocHeapSize };
inline std::map<char*, std::pair<char*, size_t>> host_allocations;  // end -> (start of the mapping, its size)

inline cudaError cudaMalloc(void** pointer, size_t bytes)
{
    const size_t page = 4096, whole = (bytes + page - 1)/page*page;
    char* start = (char*)mmap(0, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(start + whole, page, PROT_NONE);
    memset(start, 0xff, whole);
    char* end = start + whole;
    host_allocations[end] = {start, whole + page};
    *pointer = end - bytes;
    return cudaSuccess;
}
template<class T> cudaError cudaMalloc(T** pointer, size_t bytes) { return cudaMalloc((void**)pointer, bytes); }

inline bool on_device(const void* pointer, size_t bytes)
{
    auto found = host_allocations.upper_bound((char*)pointer);
    return found != host_allocations.end() && (char*)pointer >= found->second.first
        && (char*)pointer + bytes <= found->first;
}
inline cudaError cudaFree(void* pointer)
{
    auto found = host_allocations.upper_bound((char*)pointer);
    if (found == host_allocations.end())
        host_abort("cudaFree of what was not allocated");
    munmap(found->second.first, found->second.second);
    host_allocations.erase(found);
    return cudaSuccess;
}
inline cudaError cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind)
{
    if (bytes && (on_device(to, bytes) != (kind != cudaMemcpyDeviceToHost)
                  || on_device(from, bytes) != (kind != cudaMemcpyHostToDevice)))
        host_abort("cudaMemcpy in the wrong direction");
    memcpy(to, from, bytes);
    return cudaSuccess;
}
inline cudaError cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind)
{
    return cudaMemcpy(to, from, bytes, kind);
}
inline cudaError cudaMemsetAsync(void* to, int value, size_t bytes)
{
    if (!on_device(to, bytes))
        host_abort("cudaMemset of host memory");
    memset(to, value, bytes);
    return cudaSuccess;
}
inline cudaError cudaMemset(void* to, int value, size_t bytes) { return cudaMemsetAsync(to, value, bytes); }
template<class T> cudaError cudaMemcpyToSymbol(T& symbol, const void* from, size_t bytes)
{
    memcpy(&symbol, from, bytes);
    return cudaSuccess;
}
template<class T> cudaError cudaMemcpyFromSymbol(void* to, T& symbol, size_t bytes)
{
    memcpy(to, &symbol, bytes);
    return cudaSuccess;
}

// -- device ---------------------------------------------------------------------------------------------------------------
struct cudaDeviceProp
{
    int multiProcessorCount = 4, maxThreadsPerBlock = 1024, maxThreadsPerMultiProcessor = 2048, warpSize = 32;
    size_t sharedMemPerBlock = 49152;
};
struct cudaFuncAttributes
{
    int maxThreadsPerBlock = 1024, numRegs = 0;
    size_t sharedSizeBytes = 0, localSizeBytes = 0, constSizeBytes = 0;
};
inline cudaError cudaSetDevice(int) { return cudaSuccess; }
inline cudaError cudaGetDeviceProperties(cudaDeviceProp*, int) { return cudaSuccess; }
inline cudaError cudaDeviceSetLimit(int, size_t) { return cudaSuccess; }
inline cudaError cudaDeviceSynchronize() { return cudaSuccess; }
inline cudaError cudaGetLastError() { return cudaSuccess; }
inline cudaError cudaProfilerStop() { return cudaSuccess; }
inline const char* cudaGetErrorString(cudaError) { return "no error"; }
inline cudaError cudaMemGetInfo(size_t* available, size_t* total)
{
    *available = *total = size_t(1) << 33;
    return cudaSuccess;
}
template<class K> cudaError cudaOccupancyMaxPotentialBlockSize(int* blocks, int* threads, K, size_t = 0, int = 0)
{
    *blocks = 4;
    *threads = 64;
    return cudaSuccess;
}
template<class K> cudaError cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, K, int, size_t)
{
    *blocks = 8;
    return cudaSuccess;
}
template<class K> cudaError cudaFuncGetAttributes(cudaFuncAttributes*, K) { return cudaSuccess; }

// -- threads: fibers that meet at barriers --------------------------------------------------------------------------------
struct Meeting  // of the threads of a block, or of a warp
{
    int kind = 0, arrived = 0, size = 0;
    long generation = 0;
    uint64_t values[32] = {}, results[32] = {};
    uint64_t any = 0, result = 0;
};
struct Fiber
{
    void* stack_pointer = 0;
    ucontext_t context;
    char* stack = 0;
    bool finished = false;
    dim3 index;
};
inline Meeting host_block, host_warps[32];
inline std::vector<Fiber> host_fibers;
inline int host_current = 0, host_live = 0;
inline ucontext_t host_scheduler;
inline void* host_scheduler_sp = 0;
inline std::function<void()> host_body;
inline std::mt19937 host_order(getenv("CUDA_ON_HOST_SEED") ? atoi(getenv("CUDA_ON_HOST_SEED")) : 0);

#ifdef __x86_64__
extern "C" void host_switch(void** save, void* load);
#ifdef CUDA_ON_HOST_MAIN
asm(".globl host_switch\nhost_switch:\n"
    "pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
    "movq %rsp, (%rdi)\nmovq %rsi, %rsp\n"
    "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nret\n");
#endif
inline void host_yield() { host_switch(&host_fibers[host_current].stack_pointer, host_scheduler_sp); }
#else
inline void host_yield() { swapcontext(&host_fibers[host_current].context, &host_scheduler); }
#endif

inline void host_fiber_main()
{
    host_body();
    host_fibers[host_current].finished = true;
    host_live--;
    host_yield();
}

inline void host_meet(Meeting& meeting, int kind, int lane, uint64_t value)
{
    if (meeting.arrived == 0)
        meeting.kind = kind;
    else if (meeting.kind != kind)
        host_abort("threads meet at different barriers");
    const long generation = meeting.generation;
    meeting.values[lane] = value;
    meeting.any |= value;
    if (++meeting.arrived == meeting.size)
    {
        memcpy(meeting.results, meeting.values, sizeof(meeting.values));
        meeting.result = meeting.any;
        meeting.any = 0;
        meeting.arrived = 0;
        meeting.generation++;
    }
    while (meeting.generation == generation)
    {
        host_yield();
        threadIdx = host_fibers[host_current].index;
    }
}
inline int host_thread() { return threadIdx.x + blockDim.x*(threadIdx.y + blockDim.y*threadIdx.z); }
inline void __syncthreads() { host_meet(host_block, 1, 0, 0); }
inline int __syncthreads_or(int value)
{
    host_meet(host_block, 2, 0, value != 0);
    return host_block.result != 0;
}
inline unsigned __ballot_sync(unsigned mask, int value)
{
    const int thread = host_thread(), lane = thread % 32;
    host_meet(host_warps[thread/32], 3, lane, (uint64_t)(value != 0) << lane);
    return host_warps[thread/32].result & mask;
}
inline int __shfl_sync(unsigned, int value, int lane)
{
    const int thread = host_thread();
    host_meet(host_warps[thread/32], 4, thread % 32, (uint64_t)(int64_t)value);
    return (int)host_warps[thread/32].results[lane];
}

struct HostConfig
{
    dim3 grid, block;
};
inline HostConfig host_config(dim3 grid, dim3 block)
{
    if (grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535 || block.x*block.y*block.z > 1024
        || !grid.x || !grid.y || !block.x || !block.y)
        host_abort("invalid configuration of a launch");
    return {grid, block};
}

inline void host_run_block(bool meets)
{
    const int n = blockDim.x*blockDim.y*blockDim.z;
    std::vector<int> order(n);
    for (int k = 0; k < n; k++)
        order[k] = k;
    std::shuffle(order.begin(), order.end(), host_order);
    auto index = [](int k) { return dim3(k % blockDim.x, k/blockDim.x % blockDim.y, k/(blockDim.x*blockDim.y)); };
    if (!meets)
    {
        for (int k : order)
        {
            threadIdx = index(k);
            host_body();
        }
        return;
    }
    const size_t stack = 65536;
    if (host_fibers.size() < 1024)
        host_fibers.resize(1024);
    host_block = Meeting();
    host_block.size = n;
    for (int k = 0; k < 32; k++)
    {
        host_warps[k] = Meeting();
        host_warps[k].size = std::max(0, std::min(32, n - 32*k));
    }
    for (int k = 0; k < n; k++)
    {
        Fiber& fiber = host_fibers[k];
        if (!fiber.stack)
            fiber.stack = (char*)malloc(stack);
        fiber.finished = false;
        fiber.index = index(k);
#ifdef __x86_64__
        void** top = (void**)((uintptr_t)(fiber.stack + stack) & ~(uintptr_t)15);
        *--top = 0;
        *--top = (void*)host_fiber_main;
        for (int r = 0; r < 6; r++)
            *--top = 0;
        fiber.stack_pointer = top;
#else
        getcontext(&fiber.context);
        fiber.context.uc_stack.ss_sp = fiber.stack;
        fiber.context.uc_stack.ss_size = stack;
        makecontext(&fiber.context, host_fiber_main, 0);
#endif
    }
    host_live = n;
    for (int rounds = 0; host_live > 0; rounds++)
    {
        const int live = host_live;
        long generations = host_block.generation;
        for (int k = 0; k < 32; k++)
            generations += host_warps[k].generation;
        for (int k : order)
        {
            if (host_fibers[k].finished)
                continue;
            host_current = k;
            threadIdx = host_fibers[k].index;
#ifdef __x86_64__
            host_switch(&host_scheduler_sp, host_fibers[k].stack_pointer);
#else
            swapcontext(&host_scheduler, &host_fibers[k].context);
#endif
        }
        for (int k = 0; k < 32; k++)
            generations -= host_warps[k].generation;
        if (host_live == live && generations == host_block.generation && rounds > 0)
            host_abort("some threads wait at a barrier that others never reach");
    }
}

template<bool meets, class... P, class... A> void host_launch(HostConfig config, void (*kernel)(P...), A... arguments)
{
    gridDim = config.grid;
    blockDim = config.block;
    host_body = [=]() { kernel(arguments...); };
    const int n = gridDim.x*gridDim.y*gridDim.z;
    std::vector<int> order(n);
    for (int k = 0; k < n; k++)
        order[k] = k;
    std::shuffle(order.begin(), order.end(), host_order);
    for (int k : order)
    {
        blockIdx = dim3(k % gridDim.x, k/gridDim.x % gridDim.y, k/(gridDim.x*gridDim.y));
        host_run_block(meets);
    }
}

// -- functions of the device ----------------------------------------------------------------------------------------------
inline int min(int a, int b) { return a < b ? a : b; }
inline int max(int a, int b) { return a > b ? a : b; }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
template<class T> T atomicAdd(T* address, T value) { T old = *address; *address += value; return old; }
inline unsigned atomicOr(unsigned* address, unsigned value) { unsigned old = *address; *address |= value; return old; }
template<class T, class C, class V> T atomicCAS(T* address, C compare, V value)
{
    T old = *address;
    if (old == (T)compare)
        *address = (T)value;
    return old;
}
inline int atomicExch(int* address, int value) { int old = *address; *address = value; return old; }
inline void __threadfence() {}
template<class T, class F> T host_bits(F x) { T y; memcpy(&y, &x, sizeof(T)); return y; }
inline int __float_as_int(float x) { return host_bits<int>(x); }
inline float __int_as_float(int x) { return host_bits<float>(x); }
inline long long __double_as_longlong(double x) { return host_bits<long long>(x); }
inline double __longlong_as_double(long long x) { return host_bits<double>(x); }

// -- cuRAND, which is linked but not used -----------------------------------------------------------------------------------
#define CURAND_H_
enum curandStatus_t
{
    CURAND_STATUS_SUCCESS, CURAND_STATUS_VERSION_MISMATCH, CURAND_STATUS_NOT_INITIALIZED,
    CURAND_STATUS_ALLOCATION_FAILED, CURAND_STATUS_TYPE_ERROR, CURAND_STATUS_OUT_OF_RANGE,
    CURAND_STATUS_LENGTH_NOT_MULTIPLE, CURAND_STATUS_DOUBLE_PRECISION_REQUIRED, CURAND_STATUS_LAUNCH_FAILURE,
    CURAND_STATUS_PREEXISTING_FAILURE, CURAND_STATUS_INITIALIZATION_FAILED, CURAND_STATUS_ARCH_MISMATCH,
    CURAND_STATUS_INTERNAL_ERROR
};
typedef int curandGenerator_t;
struct curandState {};
enum { CURAND_RNG_PSEUDO_DEFAULT };
inline curandStatus_t curandCreateGenerator(curandGenerator_t*, int) { return CURAND_STATUS_SUCCESS; }
inline curandStatus_t curandDestroyGenerator(curandGenerator_t) { return CURAND_STATUS_SUCCESS; }
inline curandStatus_t curandSetPseudoRandomGeneratorSeed(curandGenerator_t, unsigned long long) { return CURAND_STATUS_SUCCESS; }
inline curandStatus_t curandSetGeneratorOffset(curandGenerator_t, unsigned long long) { return CURAND_STATUS_SUCCESS; }
inline curandStatus_t curandGenerateUniform(curandGenerator_t, float*, size_t) { host_abort("no cuRAND"); }
inline curandStatus_t curandGenerateUniformDouble(curandGenerator_t, double*, size_t) { host_abort("no cuRAND"); }
inline curandStatus_t curandGenerateNormal(curandGenerator_t, float*, size_t, float, float) { host_abort("no cuRAND"); }
inline curandStatus_t curandGenerateNormalDouble(curandGenerator_t, double*, size_t, double, double) { host_abort("no cuRAND"); }
inline curandStatus_t curandGeneratePoisson(curandGenerator_t, unsigned*, size_t, double) { host_abort("no cuRAND"); }
inline void curand_init(unsigned long long, unsigned long long, unsigned long long, curandState*) {}

// -- Thrust -----------------------------------------------------------------------------------------------------------------
namespace thrust {
template<class T> struct device_vector : std::vector<T>
{
    using std::vector<T>::vector;
    using std::vector<T>::operator=;
};
template<class T> struct host_vector : std::vector<T>
{
    using std::vector<T>::vector;
    using std::vector<T>::operator=;
    host_vector() {}
    host_vector(const device_vector<T>& other) : std::vector<T>(other) {}
    host_vector& operator=(const device_vector<T>& other) { std::vector<T>::operator=(other); return *this; }
};
template<class T> T* raw_pointer_cast(T* pointer) { return pointer; }
struct system_error {};
}
