/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "train/kernels.h"

#include "base/cpu.h"
#include "train/tiers.h"

const mn_train_kernels *const *mn_train_kernels_all(void) {
#if defined(__x86_64__) && defined(__GNUC__)
    static const mn_train_kernels *const tiers[] = {&mn_train_kernels_portable, &mn_train_kernels_avx2,
                                                    &mn_train_kernels_avx512, NULL};
    static const mn_train_kernels *const without_avx512[] = {&mn_train_kernels_portable, &mn_train_kernels_avx2, NULL};
    uint32_t flags = mn_cpu_flags();
    if (flags & MN_CPU_AVX512) return tiers;
    if (flags & MN_CPU_AVX2) return without_avx512;
#endif
    static const mn_train_kernels *const portable[] = {&mn_train_kernels_portable, NULL};
    return portable;
}

const mn_train_kernels *mn_train_kernels_best(void) {
    const mn_train_kernels *const *tier = mn_train_kernels_all();
    while (tier[1]) tier++;
    return *tier;
}
