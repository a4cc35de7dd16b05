/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "peak.h"

#include "base/clock.h"

enum { LANES = 256, SUMS = 32, SAMPLES = 10 };

/* What the compiler makes of plain C with the flags that the library is built with. */
static volatile int32_t int_sink;
static volatile float float_sink;
static int8_t int_data[2][LANES];
static float float_data[2][LANES];

static void run_int8_c(int64_t rounds) {
    int32_t sum = 0;
    for (int64_t r = 0; r < rounds; r++) {
        int_data[0][r % LANES] = (int8_t)r;
        for (int32_t i = 0; i < LANES; i++) sum += int_data[0][i] * int_data[1][i];
    }
    int_sink = sum;
}

static void run_float_c(int64_t rounds) {
    float sums[SUMS] = {0};
    for (int64_t r = 0; r < rounds; r++) {
        float_data[0][r % LANES] = (float)r;
        for (int32_t i = 0; i < LANES; i += SUMS) {
            for (int32_t j = 0; j < SUMS; j++) sums[j] += float_data[0][i + j] * float_data[1][i + j];
        }
    }
    for (int32_t i = 0; i < SUMS; i++) float_sink = sums[i];
}

static const peak_loop portable[] = {
    {"int8, plain C", PEAK_INT8, 0, LANES, run_int8_c},
    {"float32, plain C", PEAK_FLOAT, 0, LANES, run_float_c},
};

const peak_loop *peak_loops(int32_t *count) {
    *count = (int32_t)(sizeof portable / sizeof portable[0]);
    return portable;
}

bool peak_possible(const peak_loop *loop, uint32_t cpu) { return (cpu & loop->cpu) == loop->cpu; }

static uint64_t time_rounds(const peak_loop *loop, int64_t rounds) {
    uint64_t start = mn_clock_ns();
    loop->run(rounds);
    return mn_clock_ns() - start;
}

/* The best sample counts: whatever else runs on the machine can only slow the others. */
double peak_measure(const peak_loop *loop, int32_t milliseconds) {
    const uint64_t wanted = (uint64_t)milliseconds * 1000000 / SAMPLES;
    int64_t rounds = 1;
    while (time_rounds(loop, rounds) < wanted && rounds < INT64_MAX / 2) rounds *= 2;
    double best = 0;
    for (int32_t i = 0; i < SAMPLES; i++) {
        double rate = (double)rounds * loop->macs / (double)time_rounds(loop, rounds);
        if (rate > best) best = rate;
    }
    return best;
}
