// Room for what a run records: a file of its results, which all its processes have in their memory.
#ifndef BRIANFF_RECORDING_H
#define BRIANFF_RECORDING_H
#include <cstddef>
#include <string>

namespace brianff
{
    // So many bytes, which stay in the file when the program has ended.
    void* room(const std::string& path, size_t bytes);
}
#endif
