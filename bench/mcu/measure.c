/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Runs a network on one image, input.raw, on an emulated board: scores go to scores.raw, the least stack to the
 * console. Behind each slice there is a mark with the number of its step, for count.c; what lies outside the run has
 * the number OUTSIDE. */
#include "board.h"
#include "network.h"

enum { PORT = 1024, OUTSIDE = PORT - 1, PAINTED = 16384, PAINT = 0x5a };

static int8_t row[NETWORK_ROW_BYTES], scores[NETWORK_SCORES];
static uint8_t port[PORT] __attribute__((aligned(PORT)));

static void mark(uint32_t number) {
    uint8_t *const at = port + number;
#if defined __riscv
    __asm__ volatile("slti x0, x0, 1\n\tsb zero, 0(%0)" ::"r"(at) : "memory");
#else
    __asm__ volatile("sev\n\tstrb %1, [%0]" ::"r"(at), "r"(0) : "memory");
#endif
}

static void tell(void *context, uint32_t step, uint32_t first, uint32_t count) {
    (void)context, (void)first, (void)count;
    mark(step);
}

static volatile uint8_t *stack_pointer(void) { return (volatile uint8_t *)__builtin_frame_address(0); }

static int run_image(int input) {
    network_on_step(tell, 0);
    network_begin();
    for (uint32_t y = 0; y < NETWORK_HEIGHT; y++) {
        if (board_read(input, row, sizeof row) != sizeof row) return 0;
        mark(OUTSIDE);
        network_push_row(row);
        mark(NETWORK_STEPS);
    }
    mark(OUTSIDE);
    const int status = network_finish(scores);
    mark(NETWORK_STEPS);
    return status == 0;
}

/* Paints what the stack may grow into, and tells how far it did. */
__attribute__((noinline)) static int run_on_paint(int input) {
    volatile uint8_t *const top = stack_pointer();
    for (uint32_t i = 64; i < PAINTED; i++) *(top - i) = PAINT;
    const int good = run_image(input);
    uint32_t used = PAINTED - 1;
    while (used > 64 && *(top - used) == PAINT) used--;
    board_print("stack ");
    board_print_number(used);
    board_print("\n");
    return good;
}

int main(void) {
    const int input = board_open_to_read("input.raw"), output = board_open_to_write("scores.raw");
    if (input < 0 || output < 0 || !run_on_paint(input)) return 1;
    return board_write(output, scores, sizeof scores) == sizeof scores ? 0 : 1;
}
