/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Start-up of Cortex-M: vectors, initialised data, and the unit for floats and vectors. No C library. */
#include "board.h"

/* Of the linker script. */
extern uint32_t stack_end, data_from, data_begin, data_end, zero_begin, zero_end;

static void fail(void) {
    board_print("fault\n");
    board_exit(99);
}

void start(void);

void start(void) {
    volatile uint32_t *const coprocessors = (volatile uint32_t *)0xE000ED88; /* CPACR: CP10 and CP11 */
    *coprocessors |= 0xFu << 20;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
    const volatile uint32_t *from = &data_from;
    for (volatile uint32_t *to = &data_begin; to < &data_end;) *to++ = *from++;
    for (volatile uint32_t *to = &zero_begin; to < &zero_end;) *to++ = 0;
    board_exit(main());
}

typedef void (*vector)(void);
extern const vector vectors[16];
__attribute__((section(".vectors"), used))
const vector vectors[16] = {(vector)&stack_end, start, fail, fail, fail, fail, fail, fail};
