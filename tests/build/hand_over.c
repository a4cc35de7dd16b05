/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Teams of two and four threads that hand steps over, each made of the step before, as the layers of a network are; for
 * the thread sanitizer. With an argument the steps also count in one variable, which is a race. */
#include <stdio.h>

#include "base/thread.h"

enum { CELLS = 300, STEPS = 300 };

typedef struct layers {
    uint32_t cells[2][CELLS];
    int32_t from;
    bool racing;
    int32_t race;
} layers;

static void compute(void *context, int32_t member, int32_t begin, int32_t end) {
    layers *l = context;
    const uint32_t *in = l->cells[l->from];
    (void)member;
    for (int32_t i = begin; i < end; i++) {
        l->cells[1 - l->from][i] = 3 * in[(i + 1) % CELLS] + in[(i + CELLS - 1) % CELLS] + 1;
    }
    if (l->racing) l->race++;
}

int main(int argc, char **argv) {
    (void)argv;
    for (int32_t threads = 2; threads <= 4; threads += 2) {
        layers l = {.racing = argc > 1};
        for (uint32_t i = 0; i < CELLS; i++) l.cells[0][i] = i;
        mn_team *team = NULL;
        if (mn_team_create(threads, &team) != MN_OK) return 2;
        for (int32_t s = 0; s < STEPS; s++, l.from = 1 - l.from) mn_team_share(team, CELLS, 1 + s % 5, compute, &l);
        mn_team_close(&team);
        printf("%d threads: %08x\n", threads, (unsigned)l.cells[l.from][0]);
    }
    return 0;
}
