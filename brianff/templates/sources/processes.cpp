#include "processes.h"
#include <algorithm>
#include <atomic>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>
#ifdef __linux__
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

namespace brianff
{
    size_t n_processes = 1, process = 0;
    bool begun = false;

    namespace
    {
        struct alignas(64) Rows { std::atomic<size_t> taken{0}; };  // each in a line of the cache
        Rows* rows = nullptr;  // of each process

        // Processes come to a barrier at nearly the same time, some ten times a mini-batch, and putting one to sleep
        // and waking it takes longer than the others need: it looks for a while, where it takes no core from them.
        class Barrier
        {
            std::atomic<uint32_t> arrived{0}, round{0}, asleep{0};
            const std::chrono::microseconds patience;

        public:
            explicit Barrier(bool cores_for_all) : patience(cores_for_all ? 200 : 0) {}

            void wait(uint32_t n)
            {
                const uint32_t own = round.load();
                if (arrived.fetch_add(1) + 1 == n)
                {
                    arrived.store(0);
                    for (size_t of = 0; of < n; of++)
                        rows[of].taken.store(0);
                    round.store(own + 1);
                    #ifdef __linux__
                    if (asleep.load())
                        syscall(SYS_futex, (uint32_t*)&round, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
                    #endif
                    return;
                }
                const auto end = std::chrono::steady_clock::now() + patience;
                while (std::chrono::steady_clock::now() < end)
                {
                    for (int look = 0; look < 64; look++)
                    {
                        if (round.load(std::memory_order_acquire) != own)
                            return;
                        #if defined(__x86_64__) || defined(__i386__)
                        __builtin_ia32_pause();
                        #endif
                    }
                    sched_yield();  // to one of the others, if it is waiting for this core
                }
                asleep.fetch_add(1);
                while (round.load() == own)
                    #ifdef __linux__
                    syscall(SYS_futex, (uint32_t*)&round, FUTEX_WAIT, own, nullptr, nullptr, 0);
                    #else
                    sched_yield();
                    #endif
                asleep.fetch_sub(1);
            }
        };

        struct Shared { void** array; void* own; size_t bytes; };
        std::vector<Shared> shared;
        Barrier* barrier = nullptr;
        size_t taken_alone = 0;
        std::vector<pid_t> others;

        void* memory(size_t bytes)
        {
            void* found = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
            if (found == MAP_FAILED)
            {
                std::perror("there is no memory that processes share (std::bad_alloc)");
                std::_Exit(1);
            }
            return found;
        }

        size_t wanted()
        {
            const char* given = std::getenv("BRIANFF_PROCESSES");
            const long number = given ? std::atol(given) : 1;
            return number > 1 ? number : 1;
        }

        size_t cores()
        {
            #ifdef __linux__
            cpu_set_t allowed;
            if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
                return CPU_COUNT(&allowed);
            #endif
            return sysconf(_SC_NPROCESSORS_ONLN);
        }

        // One that ends before it should leaves the others waiting for ever.
        void lost(int)
        {
            static const char said[] = "a process of the run has ended too early\n";
            if (write(2, said, sizeof(said) - 1)) {}
            for (pid_t other : others)
                kill(other, SIGKILL);
            _exit(1);
        }
    }

    void share(void** array, size_t bytes)
    {
        if (wanted() > 1)
            shared.push_back({array, *array, bytes});
    }

    void begin()
    {
        begun = true;
        n_processes = wanted();
        if (n_processes == 1)
            return;
        for (Shared& one : shared)
            *one.array = std::memcpy(memory(one.bytes), one.own, one.bytes);
        rows = (Rows*)memory(n_processes*sizeof(Rows));
        for (size_t of = 0; of < n_processes; of++)
            new (rows + of) Rows;
        barrier = new (memory(sizeof(Barrier))) Barrier(n_processes <= cores());
        std::signal(SIGCHLD, lost);
        const pid_t parent = getpid();
        for (size_t number = 1; number < n_processes; number++)
        {
            const pid_t child = fork();
            if (child < 0)
            {
                std::perror("no further process can be started");
                lost(0);
            }
            if (child == 0)
            {
                std::signal(SIGCHLD, SIG_DFL);
                process = number;
                others.clear();
                #ifdef __linux__
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                #endif
                if (getppid() != parent)
                    _exit(1);
                return;
            }
            others.push_back(child);
        }
    }

    void wait()
    {
        if (n_processes > 1)
            barrier->wait(n_processes);
        else
            taken_alone = 0;
    }

    size_t next_rows(size_t some, size_t n)
    {
        if (n_processes == 1)
            return std::min(n, some * taken_alone++);
        const size_t n_blocks = (n + some - 1)/some;
        for (size_t nth = 0; nth < n_processes; nth++)
        {
            const size_t of = (process + nth) % n_processes;
            const size_t first = n_blocks*of/n_processes, own = n_blocks*(of + 1)/n_processes - first;
            if (rows[of].taken.load() >= own)
                continue;
            const size_t block = rows[of].taken.fetch_add(1);
            if (block < own)
                return some*(first + block);
        }
        return n;
    }

    void end()
    {
        if (n_processes == 1)
            return;
        if (process == 0)
            std::signal(SIGCHLD, SIG_DFL);
        wait();
        if (process)
            _exit(0);
        for (pid_t other : others)
            waitpid(other, nullptr, 0);
        for (Shared& one : shared)  // the program frees what it has allocated
        {
            std::memcpy(one.own, *one.array, one.bytes);
            std::swap(*one.array, one.own);
        }
    }
}
