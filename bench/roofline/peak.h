/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* How many multiply-accumulates one core can do at best, by instruction: loops that only multiply, on registers. */
#ifndef MN_ROOFLINE_PEAK_H
#define MN_ROOFLINE_PEAK_H

#include <stdbool.h>
#include <stdint.h>

typedef enum peak_type { PEAK_INT8, PEAK_FLOAT, PEAK_TYPE_COUNT } peak_type;

/** A loop of independent instructions, and how many multiply-accumulates each of its rounds does. */
typedef struct peak_loop {
    const char *name;
    peak_type type;
    uint32_t cpu; /* MN_CPU_* flags of the instructions it executes */
    int32_t macs; /* per round */
    void (*run)(int64_t rounds);
} peak_loop;

/** Loops for this processor family, the portable ones first; `*count` of them. */
const peak_loop *peak_loops(int32_t *count);

/** Loops for x86-64; none elsewhere. */
const peak_loop *peak_loops_x86(int32_t *count);

/** True when `cpu`, MN_CPU_* flags, has the instructions of `loop`. */
bool peak_possible(const peak_loop *loop, uint32_t cpu);

/** Most multiply-accumulates per nanosecond over samples that take `milliseconds` together. */
double peak_measure(const peak_loop *loop, int32_t milliseconds);

#endif
