/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which instructions this processor and its operating system let us use. */
#ifndef MN_BASE_CPU_H
#define MN_BASE_CPU_H

#include <stdint.h>

/** Groups of instruction sets, as the kernels need them together. */
enum {
    MN_CPU_AVX2 = 1 << 0,        /* AVX2, FMA, F16C */
    MN_CPU_AVX_VNNI = 1 << 1,    /* AVX2 and AVX-VNNI */
    MN_CPU_AVX512 = 1 << 2,      /* AVX-512 F, BW, DQ, VL, and AVX2 */
    MN_CPU_AVX512_VNNI = 1 << 3, /* AVX-512 and its VNNI */
    MN_CPU_AVX512_VBMI = 1 << 4, /* AVX-512 and its VBMI */
};

/* Compilers that know AVX-VNNI; kernels for it exist only with them. */
#if defined(__x86_64__) && defined(__GNUC__) && (__GNUC__ >= 11 || (defined(__clang_major__) && __clang_major__ >= 12))
#define MN_CPU_AVX_VNNI_COMPILES
#endif

/** MN_CPU_* flags of this machine; 0 on processors without kernels of their own. */
uint32_t mn_cpu_flags(void);

#endif
