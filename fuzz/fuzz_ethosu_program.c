/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Programs for Ethos-U that are decoded and run in memories of just their sizes. An input is: bytes of regions 1 and 2
 * (16 bits each, times 16; region 2 is region 1 where that is 0), bytes of the program (32 bits), the program, region
 * 0. Most changes are made where they do something: to operands of commands. */
#include <stdlib.h>
#include <string.h>

#include "base/little.h"
#include "ethosu/program.h"
#include "ethosu/stream.h"

enum { HEADER = 8, SPACES = 3, MEMORY_UNIT = 16, MEMORY_MASK = 0x3fff };

/* Multiply-accumulates and copied bytes: as many as keep the fuzzer quick. */
#define WORK 1e5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

static uint8_t *copy_of(const uint8_t *data, size_t bytes) {
    uint8_t *memory = malloc(bytes + 1);
    if (memory == NULL) abort();
    if (data) memcpy(memory, data, bytes);
    for (size_t i = 0; !data && i < bytes; i++) memory[i] = (uint8_t)(i * 37 + i / 64);
    return memory;
}

static void run(const mn_ethosu_program *program, const mn_ethosu_memory *memory) {
    uint8_t *spaces[MN_ETHOSU_SPACES] = {NULL};
    void *workspace = aligned_alloc(64, (mn_ethosu_program_workspace(program) + 127) / 64 * 64);
    if (workspace == NULL) abort();
    for (int32_t i = 0; i < SPACES; i++) {
        if (!memory->constant[i]) spaces[i] = copy_of(NULL, memory->bytes[i]);
    }
    mn_ethosu_program_run(program, spaces, workspace, NULL);
    for (int32_t i = 0; i < SPACES; i++) free(spaces[i]);
    free(workspace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEADER) return 0;
    const size_t arena = (size_t)(mn_le16(data) & MEMORY_MASK), fast = (size_t)(mn_le16(data + 2) & MEMORY_MASK);
    const size_t bytes = mn_le32(data + 4) < size - HEADER ? mn_le32(data + 4) : size - HEADER;
    uint8_t *payload = copy_of(data + HEADER, bytes);
    uint8_t *constants = copy_of(data + HEADER + bytes, size - HEADER - bytes);
    mn_ethosu_memory memory = {.of_region = {0, 1, fast > 0 ? 2 : 1, -1, -1, -1, -1, -1},
                               .bytes = {size - HEADER - bytes, arena * MEMORY_UNIT, fast * MEMORY_UNIT},
                               .constant = {constants}};
    const mn_ethosu_machine machine = mn_ethosu_machine_here();
    mn_ethosu_program *program;
    if (mn_ethosu_program_make(payload, bytes, &memory, &machine, WORK, &program) == MN_OK) {
        run(program, &memory);
        mn_ethosu_program_free(program);
    }
    free(payload);
    free(constants);
    return 0;
}

static uint32_t below(uint32_t *state, uint32_t limit) {
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % limit;
}

/* Another value of an operand. */
static uint32_t changed(uint32_t *state, uint32_t value, uint32_t bits) {
    switch (below(state, 8)) {
    case 0: return 0;
    case 1: return value + 1;
    case 2: return value - 1;
    case 3: return value ^ 1u << below(state, bits);
    case 4: return value + 16 * below(state, 64);
    case 5: return 0xffffffff >> below(state, bits);
    case 6: return value * 2;
    default: return below(state, 1u << 24) << below(state, 9) >> below(state, 24);
    }
}

/* Changes one command of a program that is one; false where it is none. */
static bool change_command(uint8_t *payload, size_t bytes, uint32_t *state) {
    mn_ethosu_stream stream;
    mn_ethosu_command command;
    size_t at = 0, here = 0, wanted;
    if (mn_ethosu_stream_read(payload, bytes, &stream) != MN_OK) return false;
    wanted = below(state, (uint32_t)stream.command_count);
    do here = at;
    while (mn_ethosu_stream_next(&stream, &at, &command) && wanted-- > 0);
    uint8_t *word = payload + (stream.words - payload) + 4 * here;
    if (command.is_long && below(state, 4)) {
        mn_put_le(word + 4, changed(state, command.data, 32), 4);
    } else if (command.is_long || command.code >= MN_ETHOSU_FIRST_SET || below(state, 2)) {
        mn_put_le(word + 2, changed(state, command.param, 16), 2);
    } else {
        mn_put_le(word, below(state, 20), 2); /* another operation */
    }
    return true;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    uint32_t state = seed;
    if (size < HEADER || below(&state, 5) == 0) return LLVMFuzzerMutate(data, size, max_size);
    const size_t bytes = mn_le32(data + 4) < size - HEADER ? mn_le32(data + 4) : size - HEADER;
    for (uint32_t i = 1 + below(&state, 3); i > 0; i--) {
        if (!change_command(data + HEADER, bytes, &state)) return LLVMFuzzerMutate(data, size, max_size);
    }
    return size;
}
