/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A plugin of QEMU that counts the instructions of each step of a network: between one mark and the next, added up by
 * the number that the second one carries. A mark is an instruction that nobody else uses and a store of a byte behind
 * it, whose address tells the number (measure.c).
 *
 * Counts go to the file that the argument `out` names: a line "NUMBER INSTRUCTIONS" for each number that was met. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "arm/plugin.h"

enum { NUMBERS = 1024 };

PLUGIN_EXPORT int qemu_plugin_version = 1;
static uint64_t all, before, counts[NUMBERS];
static char path[1024];

static void on_mark(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void *unused) {
    (void)cpu, (void)info, (void)unused;
    counts[address % NUMBERS] += all - before;
    before = all;
}

/* Thumb's SEV, or RISC-V's slti x0, x0, 1. */
static int is_mark(const struct qemu_plugin_insn *instruction) {
    static const uint8_t thumb[] = {0x40, 0xbf}, riscv[] = {0x13, 0x20, 0x10, 0x00};
    const size_t size = qemu_plugin_insn_size(instruction);
    const void *data = qemu_plugin_insn_data(instruction);
    return (size == sizeof thumb && memcmp(data, thumb, sizeof thumb) == 0) ||
           (size == sizeof riscv && memcmp(data, riscv, sizeof riscv) == 0);
}

/* Blocks with marks count instruction by instruction, others as a whole. */
static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    (void)id;
    const size_t count = qemu_plugin_tb_n_insns(block);
    size_t marks = 0;
    for (size_t i = 0; i < count; i++) marks += (size_t)is_mark(qemu_plugin_tb_get_insn(block, i));
    if (marks == 0) {
        qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &all, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, QEMU_PLUGIN_INLINE_ADD_U64, &all, 1);
        if (i > 0 && is_mark(qemu_plugin_tb_get_insn(block, i - 1))) {
            qemu_plugin_register_vcpu_mem_cb(instruction, on_mark, QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W, NULL);
        }
    }
}

static void write_counts(qemu_plugin_id_t id, void *unused) {
    (void)id, (void)unused;
    FILE *file = fopen(path, "w");
    if (!file) return;
    for (int i = 0; i < NUMBERS; i++) {
        if (counts[i] > 0) fprintf(file, "%d %" PRIu64 "\n", i, counts[i]);
    }
    fclose(file);
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int count, char **arguments) {
    static const char out[] = "out=";
    (void)info;
    for (int i = 0; i < count; i++) {
        if (strncmp(arguments[i], out, sizeof out - 1) == 0) {
            snprintf(path, sizeof path, "%s", arguments[i] + sizeof out - 1);
        }
    }
    if (path[0] == '\0') {
        fprintf(stderr, "count: say where the counts go: out=FILE\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, write_counts, NULL);
    return 0;
}
