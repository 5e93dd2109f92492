// Which of 64 neurons have spiked, or wait for this time step, as the bits of a number.
#ifndef BRIANFF_FLAGS_H
#define BRIANFF_FLAGS_H
#include <cstdint>
#if defined(__AVX2__) || defined(__AVX512BW__)
#include <immintrin.h>
#endif

namespace brianff
{
    inline uint64_t bits(const uint8_t* flags)
    {
        #if defined(__AVX512BW__)
        const __m512i all = _mm512_loadu_si512(flags);
        return _mm512_test_epi8_mask(all, all);
        #else
        uint64_t found = 0;
        #if defined(__AVX2__)
        for (int k = 0; k < 64; k += 32)
        {
            const __m256i some = _mm256_loadu_si256((const __m256i*)(flags + k));
            const __m256i positive = _mm256_cmpgt_epi8(some, _mm256_setzero_si256());
            found |= (uint64_t)(uint32_t)_mm256_movemask_epi8(positive) << k;
        }
        #else
        for (int k = 0; k < 64; k++)
            found |= (uint64_t)flags[k] << k;
        #endif
        return found;
        #endif
    }

    inline uint64_t equal(const uint8_t* steps, uint8_t now)
    {
        #if defined(__AVX512BW__)
        return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(steps), _mm512_set1_epi8(now));
        #else
        uint8_t same[64];
        for (int k = 0; k < 64; k++)
            same[k] = steps[k] == now;
        return bits(same);
        #endif
    }

    // From one time step to another one, in a byte: FAR, where that is too long for it.
    const uint8_t FAR = 255;
    inline uint8_t between(int32_t from, int32_t to) { return to - from < FAR ? to - from : FAR; }
}
#endif
