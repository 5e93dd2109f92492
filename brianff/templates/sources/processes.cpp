#include "processes.h"
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>
#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace brianff
{
    size_t n_processes = 1, process = 0;
    bool begun = false;

    namespace
    {
        struct Shared { void** array; void* own; size_t bytes; };
        std::vector<Shared> shared;
        pthread_barrier_t* barrier = nullptr;
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
        barrier = (pthread_barrier_t*)memory(sizeof(pthread_barrier_t));
        pthread_barrierattr_t of_processes;
        pthread_barrierattr_init(&of_processes);
        pthread_barrierattr_setpshared(&of_processes, PTHREAD_PROCESS_SHARED);
        pthread_barrier_init(barrier, &of_processes, n_processes);
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
            pthread_barrier_wait(barrier);
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
