/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A camera, a light and a watchdog around a network, on Arm's MPS2 boards: rows of RGB565 are classified as they
 * arrive, here from the host's file camera.rgb565; the light toggles as long as slices are computed, and then shows
 * whether the class is the one that is waited for. */
#include "board.h"
#include "network.h"

enum { WAITED_FOR = 0 };
#define LIGHT (*(volatile uint32_t *)0x40028000)
#define WATCHDOG ((volatile uint32_t *)0x40008000) /* reload, value, control, clear */

static uint16_t pixels[NETWORK_WIDTH];
static int8_t row[NETWORK_ROW_BYTES], scores[NETWORK_SCORES];

/* Behind each slice, which takes well under a millisecond. */
static void on_slice(void *context, uint32_t step, uint32_t first, uint32_t count) {
    uint32_t *const slices = (uint32_t *)context;
    (void)step, (void)first, (void)count;
    WATCHDOG[3] = 1;
    LIGHT = ++*slices >> 10 & 1;
}

static void start_watchdog(void) {
    WATCHDOG[0] = 5u * 25000000u; /* 5 seconds */
    WATCHDOG[2] = 3;              /* counts, and resets the board the second time that it is through */
}

int main(void) {
    const int camera = board_open_to_read("camera.rgb565");
    uint32_t slices = 0, best = 0;
    if (camera < 0) return 1;
    start_watchdog();
    network_on_step(on_slice, &slices);
    network_begin();
    for (uint32_t y = 0; y < NETWORK_HEIGHT; y++) {
        if (board_read(camera, pixels, sizeof pixels) != sizeof pixels) return 1;
        network_row_of_rgb565(pixels, row);
        network_push_row(row); /* computes as far as the rows so far allow */
    }
    network_finish(scores);
    for (uint32_t i = 1; i < NETWORK_SCORES; i++) best = scores[i] > scores[best] ? i : best;
    LIGHT = best == WAITED_FOR;
    board_print("class ");
    board_print_number(best);
    board_print("\n");
    return 0;
}
