// A run of a network by several processes, each with entries of the batch of its own.
#ifndef BRIANFF_PROCESSES_H
#define BRIANFF_PROCESSES_H
#include <cstddef>

namespace brianff
{
    extern size_t n_processes, process;
    extern bool begun;

    // Let all processes see an array; before they begin.
    void share(void** array, size_t bytes);
    // Become as many processes as the environment variable BRIANFF_PROCESSES says.
    void begin();
    // Until all processes are here.
    void wait();
    // Only the first process returns, when the others have ended.
    void end();

    // The part of n entries that belongs to this process.
    inline size_t first(size_t n) { return n * process / n_processes; }
    inline size_t last(size_t n) { return n * (process + 1) / n_processes; }

    // The first of so many among the n rows of a matrix that nobody has taken since the last wait; n: all are taken.
    // Everyone has rows of its own, which are in the cache of its core, and then helps others: rows differ in work.
    size_t next_rows(size_t some, size_t n);
}
#endif
