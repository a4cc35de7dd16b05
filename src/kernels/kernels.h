/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Prototypes of every kernel, and of the functions that size and pack for it, from kernels.def. */
#ifndef MN_KERNELS_KERNELS_H
#define MN_KERNELS_KERNELS_H

#include "base/cpu.h"
#include "kernels/kernel.h"

#define X(symbol, op, in, out, tier, cpu, need, pack) void symbol(const mn_task *task, int32_t begin, int32_t end);
#define NEED(function) bool function(const void *params, mn_kernel_need *need);
#define PACK(function) void function(const void *params, const void *const *constants, void *packed);
#include "kernels/kernels.def"

#endif
