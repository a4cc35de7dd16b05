/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/** As much of QEMU's interface for TCG plugins, version 1 (QEMU 7 and 8), as the plugins here use: Debian has the
 * emulator, and no package with its header. Meanings as in QEMU's documentation, "QEMU TCG Plugins". */
#ifndef BENCH_ARM_PLUGIN_H
#define BENCH_ARM_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLUGIN_EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum { QEMU_PLUGIN_INLINE_ADD_U64 = 0, QEMU_PLUGIN_CB_NO_REGS = 0, QEMU_PLUGIN_MEM_RW = 3 };

typedef void (*plugin_translated)(qemu_plugin_id_t id, struct qemu_plugin_tb *block);
typedef void (*plugin_run)(unsigned processor, void *user);
typedef void (*plugin_exit)(qemu_plugin_id_t id, void *user);
typedef void (*plugin_access)(unsigned processor, qemu_plugin_meminfo_t info, uint64_t address, void *user);
typedef void (*plugin_call)(qemu_plugin_id_t id, unsigned processor, int64_t number, uint64_t a1, uint64_t a2,
                            uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, plugin_translated callback);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id, plugin_call callback);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, plugin_exit callback, void *user);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *block, int operation, void *counter, uint64_t add);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, plugin_run callback, int registers, void *user);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *instruction, int operation, void *counter,
                                                uint64_t add);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *instruction, plugin_access callback, int registers,
                                      int reads_or_writes, void *user);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);
unsigned qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);

/* What a plugin has to have. */
extern int qemu_plugin_version;
int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

#endif
