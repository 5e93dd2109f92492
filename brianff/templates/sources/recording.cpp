#include "recording.h"
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace brianff
{
    void* room(const std::string& path, size_t bytes)
    {
        const int file = open(path.c_str(), O_RDWR | O_CREAT, 0600);
        int failed = file < 0 ? errno : 0;
        // A full disk is an error here; of a file that has no room yet it would be a signal at the first write.
        #ifdef __linux__
        if (!failed)
            failed = posix_fallocate(file, 0, bytes);
        #else
        if (!failed && ftruncate(file, bytes))
            failed = errno;
        #endif
        void* found = failed ? MAP_FAILED : mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (found == MAP_FAILED)
        {
            std::fprintf(stderr, "%s: %s\n", path.c_str(), std::strerror(failed ? failed : errno));
            std::_Exit(1);
        }
        close(file);
        return found;
    }
}
