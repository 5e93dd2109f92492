// The arrays of the program, one after the other in large pages, each beginning where a vector of the processor does.
// The C library maps an array of a megabyte by itself, in small pages: looking these up costs a twentieth of a run, and
// their first use a quarter of its start.
#include <cstddef>
#include <cstdlib>
#include <new>
#include <sys/mman.h>

namespace brianff
{
    namespace
    {
        const size_t LARGE_PAGE = (size_t)2 << 20, PAGES = 32*LARGE_PAGE, VECTOR = 64;
        char* next_array = nullptr;
        size_t room_left = 0;
    }
}

void* operator new[](size_t bytes)
{
    using namespace brianff;
    bytes = (bytes/VECTOR + 2)*VECTOR;  // at least one more: else arrays of whole pages meet in the same places of caches
    if (bytes > room_left)
    {
        const size_t room = (bytes/PAGES + 1)*PAGES;
        if (posix_memalign((void**)&next_array, LARGE_PAGE, room) != 0)
            throw std::bad_alloc();
        #ifdef MADV_HUGEPAGE
        madvise(next_array, room, MADV_HUGEPAGE);
        #endif
        room_left = room;
    }
    void* const found = next_array;
    next_array += bytes;
    room_left -= bytes;
    return found;
}

// They live as long as the program.
void operator delete[](void*) noexcept {}
void operator delete[](void*, size_t) noexcept {}
