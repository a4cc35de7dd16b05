/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Prototypes of every kernel, and of their traits, from the lists of kernels. */
#ifndef MN_KERNELS_KERNELS_H
#define MN_KERNELS_KERNELS_H

#include "base/cpu.h"
#include "kernels/kernel.h"

#define X(symbol, op, in, out, tier, cpu, traits) void symbol(const mn_task *task, int32_t begin, int32_t end);
#define TRAITS(name) extern const mn_kernel_traits name;
#include "kernels/kernels.def"

#endif
