/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "bandwidth.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { SAMPLES = 5, WORDS = 32 };

typedef void (*pass_fn)(void *memory, size_t bytes);

static volatile uint64_t sink;

/* Independent sums of a block of words, which compilers turn into vector loads of every width; clones run on what the
 * processor has. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define EVERY_WIDTH __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define EVERY_WIDTH
#endif

EVERY_WIDTH static void read_all(void *memory, size_t bytes) {
    const uint64_t *words = memory;
    uint64_t sums[WORDS] = {0}, total = 0;
    for (size_t i = 0; i < bytes / sizeof *words; i += WORDS) {
        for (size_t j = 0; j < WORDS; j++) sums[j] += words[i + j];
    }
    for (size_t j = 0; j < WORDS; j++) total += sums[j];
    sink = total;
}

EVERY_WIDTH static void write_all(void *memory, size_t bytes) {
    uint64_t *words = memory;
    const uint64_t value = sink;
    for (size_t i = 0; i < bytes / sizeof *words; i += WORDS) {
        for (size_t j = 0; j < WORDS; j++) words[i + j] = value + j;
    }
}

static uint64_t time_passes(pass_fn pass, void *memory, size_t bytes, int64_t passes) {
    uint64_t start = mn_clock_ns();
    for (int64_t i = 0; i < passes; i++) pass(memory, bytes);
    return mn_clock_ns() - start;
}

/* The best sample counts: whatever else runs on the machine can only slow the others. */
static double measure(pass_fn pass, void *memory, size_t bytes, uint64_t sample_ns) {
    int64_t passes = 1;
    while (time_passes(pass, memory, bytes, passes) < sample_ns) passes *= 2;
    double best = 0;
    for (int32_t i = 0; i < SAMPLES; i++) {
        double rate = (double)passes * (double)bytes / (double)time_passes(pass, memory, bytes, passes);
        if (rate > best) best = rate;
    }
    return best;
}

size_t bandwidth_bytes(int32_t point) { return (size_t)1 << (BANDWIDTH_FIRST_LOG2 + point); }

mn_status bandwidth_measure(int32_t milliseconds, bandwidth *out) {
    const uint64_t sample_ns = (uint64_t)milliseconds * 1000000 / (BANDWIDTH_POINTS * 2 * SAMPLES);
    const size_t most = bandwidth_bytes(BANDWIDTH_POINTS - 1);
    void *memory = aligned_alloc(64, most);
    if (!memory) return mn_fail_memory("the measurement of bandwidth");
    memset(memory, 1, most);
    for (int32_t i = 0; i < BANDWIDTH_POINTS; i++) {
        out->read[i] = measure(read_all, memory, bandwidth_bytes(i), sample_ns);
        out->write[i] = measure(write_all, memory, bandwidth_bytes(i), sample_ns);
    }
    free(memory);
    return MN_OK;
}

int32_t bandwidth_point(size_t bytes) {
    for (int32_t i = 0; i < BANDWIDTH_POINTS; i++) {
        if (bytes <= bandwidth_bytes(i)) return i;
    }
    return BANDWIDTH_POINTS - 1;
}
