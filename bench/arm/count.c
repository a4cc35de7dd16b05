/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* A plugin for QEMU that counts how often each block of instructions is executed between the marks of marks.h; without
 * marks, from the beginning to the end of the program. One thread; with who=others, what threads other than the one
 * that calls the marks execute, without what is lost when two of them add at the same time. Writes lines to the file
 * that out= names: block INDEX ADDRESS WORD...      the instructions of a block, in hexadecimal part INDEX what follows
 * belongs to this part ran BLOCK TIMES                  of the part */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks.h"
#include "plugin.h"

typedef struct block {
    struct block *next;
    uint64_t count;    /* executions since the part began; the emulated program adds */
    uint64_t address;  /* of its first instruction */
    size_t index;      /* in the order of translation */
    size_t word_count; /* instructions */
    uint32_t words[];
} block;

PLUGIN_EXPORT int qemu_plugin_version = 1;

static struct {
    FILE *out;
    block *blocks;
    size_t block_count;
    unsigned part, caller; /* caller: the processor that called the last mark */
    bool others;           /* than the caller are counted */
    bool ended;            /* by a mark, so that nothing counts any more */
} counting;

static void on_run(unsigned processor, void *user) {
    if (processor != counting.caller) ((block *)user)->count++;
}

static void on_block(qemu_plugin_id_t id, struct qemu_plugin_tb *translated) {
    (void)id;
    const size_t words = qemu_plugin_tb_n_insns(translated);
    block *b = calloc(1, sizeof *b + words * sizeof *b->words);
    if (!b) {
        fputs("count: out of memory\n", stderr);
        exit(1);
    }
    for (size_t i = 0; i < words; i++) {
        const struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(translated, i);
        const size_t bytes = qemu_plugin_insn_size(instruction);
        if (i == 0) b->address = qemu_plugin_insn_vaddr(instruction);
        memcpy(&b->words[i], qemu_plugin_insn_data(instruction), bytes < 4 ? bytes : 4);
    }
    b->word_count = words;
    b->index = counting.block_count++;
    b->next = counting.blocks;
    counting.blocks = b;
    if (counting.others) {
        qemu_plugin_register_vcpu_tb_exec_cb(translated, on_run, QEMU_PLUGIN_CB_NO_REGS, b);
    } else {
        qemu_plugin_register_vcpu_tb_exec_inline(translated, QEMU_PLUGIN_INLINE_ADD_U64, &b->count, 1);
    }
}

/* Writes what was executed since the part began. */
static void end_part(void) {
    fprintf(counting.out, "part %u\n", counting.part++);
    for (block *b = counting.blocks; b; b = b->next) {
        if (b->count) fprintf(counting.out, "ran %zu %" PRIu64 "\n", b->index, b->count);
        b->count = 0;
    }
}

static void on_call(qemu_plugin_id_t id, unsigned processor, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                    uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    (void)id, (void)number, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if ((uint32_t)a1 != MARK || counting.ended) return;
    counting.caller = processor;
    if (a2 == MARK_BEGIN) {
        for (block *b = counting.blocks; b; b = b->next) b->count = 0;
    } else {
        end_part();
    }
    counting.ended = a2 == MARK_END;
}

static void on_exit_of_program(qemu_plugin_id_t id, void *user) {
    (void)id, (void)user;
    if (!counting.ended) end_part();
    for (block *b = counting.blocks; b; b = b->next) {
        fprintf(counting.out, "block %zu %" PRIx64, b->index, b->address);
        for (size_t i = 0; i < b->word_count; i++) fprintf(counting.out, " %08" PRIx32, b->words[i]);
        fputc('\n', counting.out);
    }
    fclose(counting.out);
}

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv) {
    (void)info;
    const char *path = "count.txt";
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0) path = argv[i] + 4;
        if (strcmp(argv[i], "who=others") == 0) counting.others = true;
    }
    counting.out = fopen(path, "w");
    if (!counting.out) {
        fprintf(stderr, "count: cannot write %s\n", path);
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_block);
    qemu_plugin_register_vcpu_syscall_cb(id, on_call);
    qemu_plugin_register_atexit_cb(id, on_exit_of_program, NULL);
    return 0;
}
