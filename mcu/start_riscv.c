/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Start-up of RISC-V in machine mode: stack, global pointer, traps, zeroed memory. Data is where it was loaded. */
#include "board.h"

extern uint32_t zero_begin, zero_end; /* of the linker script */

__attribute__((aligned(4))) static void fail(void) {
    board_print("trap\n");
    board_exit(99);
}

__attribute__((used)) static void begin(void) {
    __asm__ volatile("csrw mtvec, %0" ::"r"(fail));
    for (volatile uint32_t *to = &zero_begin; to < &zero_end;) *to++ = 0;
    board_exit(main());
}

void start(void);

__attribute__((naked, section(".vectors"))) void start(void) {
    __asm__ volatile(".option push\n.option norelax\n"
                     "la gp, __global_pointer$\n"
                     ".option pop\n"
                     "la sp, stack_end\n"
                     "j %0" ::"i"(begin));
}
