// Which of 32 neurons have spiked, as the bits of a number: flags are as wide as the neurons' variables.
#ifndef BRIANFF_FLAGS_H
#define BRIANFF_FLAGS_H
#include <cstdint>
#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace brianff
{
    inline uint32_t bits(const int32_t* flags)
    {
        uint32_t found = 0;
        #if defined(__AVX512F__)
        for (int k = 0; k < 32; k += 16)
        {
            const __m512i some = _mm512_loadu_si512(flags + k);
            found |= (uint32_t)_mm512_test_epi32_mask(some, some) << k;
        }
        #elif defined(__AVX2__)
        for (int k = 0; k < 32; k += 8)
        {
            const __m256i some = _mm256_loadu_si256((const __m256i*)(flags + k));
            const __m256i positive = _mm256_cmpgt_epi32(some, _mm256_setzero_si256());
            found |= (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(positive)) << k;
        }
        #else
        for (int k = 0; k < 32; k++)
            found |= (uint32_t)flags[k] << k;
        #endif
        return found;
    }

    inline uint32_t bits(const int64_t* flags)
    {
        uint32_t found = 0;
        #if defined(__AVX512F__)
        for (int k = 0; k < 32; k += 8)
        {
            const __m512i some = _mm512_loadu_si512(flags + k);
            found |= (uint32_t)_mm512_test_epi64_mask(some, some) << k;
        }
        #elif defined(__AVX2__)
        for (int k = 0; k < 32; k += 4)
        {
            const __m256i some = _mm256_loadu_si256((const __m256i*)(flags + k));
            const __m256i positive = _mm256_cmpgt_epi64(some, _mm256_setzero_si256());
            found |= (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(positive)) << k;
        }
        #else
        uint64_t wide = 0;
        for (int k = 0; k < 32; k++)
            wide |= (uint64_t)flags[k] << k;
        found = wide;
        #endif
        return found;
    }
}
#endif
