/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A program to run: does the processor multiply tiles of bytes as AMX's definition says, and has each thread its own?
 * Exits with 1 if not. Built with -mamx-tile -mamx-int8, not a part of the loader. */
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SIDE = 16, ROW_BYTES = 64 };
enum { ARCH_REQ_XCOMP_PERM = 0x1023, XCR0_TILES = 18 };
enum { THREADS = 3, CASES = 100 };

/* As LDTILECFG reads it. */
typedef struct configuration {
    uint8_t palette, start_row, zero[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} configuration;

typedef union tile {
    int32_t number[SIDE][SIDE];
    int8_t byte[SIDE][ROW_BYTES];
    uint8_t plain[SIDE][ROW_BYTES];
} tile;

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void fill(tile *t, uint32_t *state) {
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < ROW_BYTES; x++) t->plain[y][x] = (uint8_t)next_random(state);
    }
}

/* acc[rows][columns] of a[rows][depth] with bytes a_signed or not, and b[depth][columns], four bytes each. */
static void multiply(tile *acc, const tile *a, const tile *b, int rows, int columns, int depth, bool a_signed) {
    for (int y = 0; y < rows; y++) {
        for (int x = 0; x < columns; x++) {
            uint32_t sum = (uint32_t)acc->number[y][x];
            for (int k = 0; k < 4 * depth; k++) {
                const int left = a_signed ? a->byte[y][k] : a->plain[y][k];
                sum += (uint32_t)(left * b->byte[k / 4][4 * x + k % 4]);
            }
            acc->number[y][x] = (int32_t)sum;
        }
    }
}

static void configure(int rows, int columns, int depth) {
    configuration c = {.palette = 1};
    const int tile_rows[] = {rows, rows, depth}, tile_columns[] = {columns, depth, columns};
    for (int i = 0; i < 3; i++) {
        c.rows[i] = (uint8_t)tile_rows[i];
        c.row_bytes[i] = (uint16_t)(4 * tile_columns[i]);
    }
    _tile_loadconfig(&c);
}

/* Other threads use the tiles before and after the product. */
static bool is_right(uint32_t seed, bool a_signed) {
    tile a, b, acc, wanted;
    const int rows = 1 + (int)(next_random(&seed) % SIDE), columns = 1 + (int)(next_random(&seed) % SIDE);
    const int depth = 1 + (int)(next_random(&seed) % SIDE);
    fill(&a, &seed);
    fill(&b, &seed);
    fill(&acc, &seed);
    wanted = acc;
    multiply(&wanted, &a, &b, rows, columns, depth, a_signed);
    configure(rows, columns, depth);
    _tile_loadd(0, &acc, ROW_BYTES);
    _tile_loadd(1, &a, ROW_BYTES);
    _tile_loadd(2, &b, ROW_BYTES);
    sched_yield();
    if (a_signed) {
        _tile_dpbssd(0, 1, 2);
    } else {
        _tile_dpbusd(0, 1, 2);
    }
    sched_yield();
    _tile_stored(0, &acc, ROW_BYTES);
    _tile_release();
    return memcmp(&acc, &wanted, sizeof acc) == 0;
}

static void *run(void *self) {
    const uint32_t *number = self;
    for (uint32_t i = 0; i < CASES; i++) {
        if (!is_right(*number * CASES + i, i % 2 > 0)) return self;
    }
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    uint32_t numbers[THREADS];
    bool right = true;
    if (syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XCR0_TILES) != 0) {
        printf("there are no tiles\n");
        return 1;
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, run, &numbers[i]) != 0) return 1;
    }
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        right = right && wrong == NULL;
    }
    printf(right ? "products of tiles are right\n" : "products of tiles are wrong\n");
    return !right;
}
