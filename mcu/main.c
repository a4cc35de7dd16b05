/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A classifier on a microcontroller: `mobilenet compile MODEL -o DIR --name network` wrote network.h. Images arrive row
 * by row, as from a camera: here from the host's file input.raw, any number of them behind each other. The scores of
 * each go to scores.raw. */
#include "board.h"
#include "network.h"

static int8_t row[NETWORK_ROW_BYTES], scores[NETWORK_SCORES];

/* One image; 0 if there is none. */
static int classify(int input) {
    network_begin();
    for (uint32_t y = 0; y < NETWORK_HEIGHT; y++) {
        if (board_read(input, row, sizeof row) != sizeof row) return 0;
        network_push_row(row);
    }
    return network_finish(scores) == 0;
}

static uint32_t best(void) {
    uint32_t most = 0;
    for (uint32_t i = 1; i < NETWORK_SCORES; i++) most = scores[i] > scores[most] ? i : most;
    return most;
}

int main(void) {
    const int input = board_open_to_read("input.raw"), output = board_open_to_write("scores.raw");
    if (input < 0 || output < 0) return 1;
    while (classify(input)) {
        board_print("class ");
        board_print_number(best());
        board_print("\n");
        if (board_write(output, scores, sizeof scores) != sizeof scores) return 1;
    }
    return 0;
}
