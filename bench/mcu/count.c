/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A plugin of QEMU that counts the instructions of each step of a network: between one mark and the next, added up by
 * the number that the second one carries. A mark is an instruction that nobody else uses and a store of a byte behind
 * it, whose address tells the number (measure.c).
 *
 * Counts go to the file that the argument `out` names: a line "NUMBER INSTRUCTIONS BYTES" for each number that was met.
 * Bytes are those that were read from the addresses that the argument `flash` names, BEGIN:END; without it 0.
 *
 * With the argument `blocks`, how often each block of code ran goes to that file: lines "ADDRESS INSTRUCTIONS TIMES",
 * where code that was translated again has several. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arm/plugin.h"

enum { NUMBERS = 1024 };

PLUGIN_EXPORT int qemu_plugin_version = 1;
typedef struct totals {
    uint64_t instructions, bytes;
} totals;

/* Code that runs from its first instruction to its last. */
typedef struct block {
    uint64_t address, times;
    size_t instructions;
    struct block *next;
} block;

static totals all, before, counts[NUMBERS];
static uint64_t flash_begin, flash_end;
static char path[1024], blocks_path[1024];
static block *blocks;

static void on_mark(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void *unused) {
    (void)cpu, (void)info, (void)unused;
    totals *const to = &counts[address % NUMBERS];
    to->instructions += all.instructions - before.instructions;
    to->bytes += all.bytes - before.bytes;
    before = all;
}

static void on_read(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void *unused) {
    (void)cpu, (void)unused;
    if (qemu_plugin_mem_is_store(info) || address < flash_begin || address >= flash_end) return;
    all.bytes += UINT64_C(1) << qemu_plugin_mem_size_shift(info);
}

/* Thumb's SEV, or RISC-V's slti x0, x0, 1. */
static int is_mark(const struct qemu_plugin_insn *instruction) {
    static const uint8_t thumb[] = {0x40, 0xbf}, riscv[] = {0x13, 0x20, 0x10, 0x00};
    const size_t size = qemu_plugin_insn_size(instruction);
    const void *data = qemu_plugin_insn_data(instruction);
    return (size == sizeof thumb && memcmp(data, thumb, sizeof thumb) == 0) ||
           (size == sizeof riscv && memcmp(data, riscv, sizeof riscv) == 0);
}

static void count_block(struct qemu_plugin_tb *translated) {
    block *new = malloc(sizeof *new);
    if (!new) abort();
    *new = (block){.address = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(translated, 0)),
                   .instructions = qemu_plugin_tb_n_insns(translated),
                   .next = blocks};
    blocks = new;
    qemu_plugin_register_vcpu_tb_exec_inline(translated, QEMU_PLUGIN_INLINE_ADD_U64, &new->times, 1);
}

/* Blocks with marks count instruction by instruction, others as a whole. */
static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *translated) {
    (void)id;
    const size_t count = qemu_plugin_tb_n_insns(translated);
    size_t marks = 0;
    if (blocks_path[0] != '\0') count_block(translated);
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(translated, i);
        marks += (size_t)is_mark(instruction);
        if (flash_end == 0) continue;
        qemu_plugin_register_vcpu_mem_cb(instruction, on_read, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
    }
    if (marks == 0) {
        qemu_plugin_register_vcpu_tb_exec_inline(translated, QEMU_PLUGIN_INLINE_ADD_U64, &all.instructions, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(translated, i);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, QEMU_PLUGIN_INLINE_ADD_U64, &all.instructions, 1);
        if (i > 0 && is_mark(qemu_plugin_tb_get_insn(translated, i - 1))) {
            qemu_plugin_register_vcpu_mem_cb(instruction, on_mark, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
        }
    }
}

static void write_counts(void) {
    FILE *file = fopen(path, "w");
    if (!file) return;
    for (int i = 0; i < NUMBERS; i++) {
        if (counts[i].instructions > 0)
            fprintf(file, "%d %" PRIu64 " %" PRIu64 "\n", i, counts[i].instructions, counts[i].bytes);
    }
    fclose(file);
}

static void write_blocks(void) {
    FILE *file = fopen(blocks_path, "w");
    if (!file) return;
    for (const block *b = blocks; b; b = b->next) {
        fprintf(file, "%" PRIu64 " %zu %" PRIu64 "\n", b->address, b->instructions, b->times);
    }
    fclose(file);
}

static void at_exit(qemu_plugin_id_t id, void *unused) {
    (void)id, (void)unused;
    write_counts();
    if (blocks_path[0] != '\0') write_blocks();
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int count, char **arguments) {
    static const char out[] = "out=", ran[] = "blocks=", flash[] = "flash=";
    (void)info;
    for (int i = 0; i < count; i++) {
        if (strncmp(arguments[i], out, sizeof out - 1) == 0) {
            snprintf(path, sizeof path, "%s", arguments[i] + sizeof out - 1);
        } else if (strncmp(arguments[i], ran, sizeof ran - 1) == 0) {
            snprintf(blocks_path, sizeof blocks_path, "%s", arguments[i] + sizeof ran - 1);
        } else if (strncmp(arguments[i], flash, sizeof flash - 1) == 0) {
            char *end;
            flash_begin = strtoull(arguments[i] + sizeof flash - 1, &end, 0);
            flash_end = *end == ':' ? strtoull(end + 1, NULL, 0) : 0;
        }
    }
    if (path[0] == '\0') {
        fprintf(stderr, "count: say where the counts go: out=FILE\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
