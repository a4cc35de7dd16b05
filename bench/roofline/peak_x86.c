/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* x86-64: one loop for each instruction that kernels multiply with. In assembly, because compilers add moves to such
 * loops or take computations out of them; on zeros, because the time of these instructions does not depend on data. */

#include "peak.h"

#include <stddef.h>

#if defined(__x86_64__) && defined(__GNUC__)

#include "base/cpu.h"

/* Registers 0 to 11 hold sums without dependence on each other: more than latency times throughput of any core so far
 * (5 cycles, two a cycle). Registers 12 and 13 hold the factors, 14 sixteen-bit ones, 15 what is between. */
enum { CHAINS = 12 };
#define EACH_SUM(op) op("0") op("1") op("2") op("3") op("4") op("5") op("6") op("7") op("8") op("9") op("10") op("11")
#define CLEAR(n) "vpxor %%xmm" n ", %%xmm" n ", %%xmm" n "\n\t"
#define CLOBBERED                                                                                                      \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",         \
        "xmm13", "xmm14", "xmm15", "cc"

/* clang-format off */
/* Defines the function `name` that runs the instructions op(register) of every sum `rounds` times. */
#define DEFINE_LOOP(name, op)                                                                                          \
    static void name(int64_t rounds) {                                                                                 \
        __asm__ volatile(EACH_SUM(CLEAR) CLEAR("12") CLEAR("13") CLEAR("14")                                           \
                         ".p2align 5\n"                                                                                \
                         "1:\n\t"                                                                                      \
                         EACH_SUM(op)                                                                                  \
                         "dec %0\n\t"                                                                                  \
                         "jnz 1b\n\t"                                                                                  \
                         "vzeroupper"                                                                                  \
                         : "+r"(rounds) : : CLOBBERED);                                                                \
    }
/* clang-format on */

#define VPDPBUSD_ZMM(sum) "vpdpbusd %%zmm12, %%zmm13, %%zmm" sum "\n\t"
#define FMA_ZMM(sum) "vfmadd231ps %%zmm12, %%zmm13, %%zmm" sum "\n\t"
#define FMA_YMM(sum) "vfmadd231ps %%ymm12, %%ymm13, %%ymm" sum "\n\t"
/* 16-bit products, exact for every 8-bit value. */
#define VPMADDWD_YMM(sum)                                                                                              \
    "vpmaddwd %%ymm12, %%ymm13, %%ymm15\n\t"                                                                           \
    "vpaddd %%ymm15, %%ymm" sum ", %%ymm" sum "\n\t"
/* 8-bit products added in pairs with saturation: no exact arithmetic without VNNI is faster. */
#define VPMADDUBSW_YMM(sum)                                                                                            \
    "vpmaddubsw %%ymm12, %%ymm13, %%ymm15\n\t"                                                                         \
    "vpmaddwd %%ymm14, %%ymm15, %%ymm15\n\t"                                                                           \
    "vpaddd %%ymm15, %%ymm" sum ", %%ymm" sum "\n\t"

DEFINE_LOOP(run_vpdpbusd_zmm, VPDPBUSD_ZMM)
DEFINE_LOOP(run_fma_zmm, FMA_ZMM)
DEFINE_LOOP(run_fma_ymm, FMA_YMM)
DEFINE_LOOP(run_vpmaddwd_ymm, VPMADDWD_YMM)
DEFINE_LOOP(run_vpmaddubsw_ymm, VPMADDUBSW_YMM)

/* Assemblers know the form without AVX-512 since about the compilers' releases that know -mavxvnni. */
#if __GNUC__ >= 11 || (defined(__clang_major__) && __clang_major__ >= 12)
#define VPDPBUSD_YMM(sum) "%{vex%} vpdpbusd %%ymm12, %%ymm13, %%ymm" sum "\n\t"
DEFINE_LOOP(run_vpdpbusd_ymm, VPDPBUSD_YMM)
#define LOOP_AVX_VNNI {"int8, AVX-VNNI VPDPBUSD", PEAK_INT8, MN_CPU_AVX_VNNI, CHAINS * 32, run_vpdpbusd_ymm},
#else
#define LOOP_AVX_VNNI
#endif

/* Whole tiles: 16 rows by 16 columns by 64 products. */
#ifdef MN_CPU_AMX_COMPILES

#include "kernels/x86/amx.h"

AMX_TARGET static void run_tdpbusd(int64_t rounds) {
    amx_begin(AMX_ROWS, AMX_DEPTH);
    for (int64_t i = 0; i < rounds; i++) {
        amx_dot(false, 0);
        amx_dot(false, 1);
        amx_dot(false, 2);
        amx_dot(false, 3);
    }
    amx_end();
}
#define LOOP_AMX                                                                                                       \
    {"int8, AMX TDPBUSD", PEAK_INT8, MN_CPU_AMX_INT8, AMX_SUMS * AMX_ROWS * AMX_LANES * AMX_DEPTH, run_tdpbusd},
#else
#define LOOP_AMX
#endif

/* clang-format off */
static const peak_loop loops[] = {
    {"int8, AVX2 VPMADDWD", PEAK_INT8, MN_CPU_AVX2, CHAINS * 16, run_vpmaddwd_ymm},
    {"int8, AVX2 VPMADDUBSW", PEAK_INT8, MN_CPU_AVX2, CHAINS * 32, run_vpmaddubsw_ymm},
    LOOP_AVX_VNNI
    {"int8, AVX-512 VNNI VPDPBUSD", PEAK_INT8, MN_CPU_AVX512_VNNI, CHAINS * 64, run_vpdpbusd_zmm},
    LOOP_AMX
    {"float32, AVX2 FMA", PEAK_FLOAT, MN_CPU_AVX2, CHAINS * 8, run_fma_ymm},
    {"float32, AVX-512 FMA", PEAK_FLOAT, MN_CPU_AVX512, CHAINS * 16, run_fma_zmm},
};
/* clang-format on */

const peak_loop *peak_loops_x86(int32_t *count) {
    *count = (int32_t)(sizeof loops / sizeof loops[0]);
    return loops;
}

#else

const peak_loop *peak_loops_x86(int32_t *count) {
    *count = 0;
    return NULL;
}

#endif
