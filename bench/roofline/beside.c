/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "beside.h"

#include "peak.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include "base/cpu.h"

/* Registers 0 to 9 hold sums, 12 and 13 operands, 20 to 29 what the other instructions write; 14 and the mask k2 hold
 * 0.
 */
enum { CHAINS = 10 };
#define EACH_SUM(op) op("0") op("1") op("2") op("3") op("4") op("5") op("6") op("7") op("8") op("9")
#define CLEAR(n) "vpxor %%xmm" n ", %%xmm" n ", %%xmm" n "\n\t"
#define CLOBBERED                                                                                                      \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm12", "xmm13", "xmm14",         \
        "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "k1", "k2",          \
        "memory", "cc"

/* clang-format off */
/* Defines the function `name` that runs a VPDPBUSD and `other` for every sum `rounds` times; %1 is memory. */
#define DEFINE_LOOP(name, other)                                                                                       \
    __attribute__((target("avx512f"))) static void name(int64_t rounds) {                                              \
        static _Alignas(64) char memory[64];                                                                           \
        __asm__ volatile(EACH_SUM(CLEAR) CLEAR("12") CLEAR("13") CLEAR("14")                                           \
                         "kxorw %%k2, %%k2, %%k2\n\t"                                                                  \
                         ".p2align 5\n"                                                                                \
                         "1:\n\t"                                                                                      \
                         EACH_SUM(other)                                                                               \
                         "dec %0\n\t"                                                                                  \
                         "jnz 1b\n\t"                                                                                  \
                         "vzeroupper"                                                                                  \
                         : "+r"(rounds) : "r"(memory) : CLOBBERED);                                                    \
    }
/* clang-format on */

#define PRODUCT(sum) "vpdpbusd %%zmm12, %%zmm13, %%zmm" sum "\n\t"
DEFINE_LOOP(run_alone, PRODUCT)
#define BROADCAST(sum) PRODUCT(sum) "vpbroadcastd (%1), %%zmm2" sum "\n\t"
DEFINE_LOOP(run_broadcast, BROADCAST)
#define LOAD(sum) PRODUCT(sum) "vmovdqu64 (%1), %%zmm2" sum "\n\t"
DEFINE_LOOP(run_load, LOAD)
#define CONVERT(sum) PRODUCT(sum) "vcvtdq2ps %%zmm12, %%zmm2" sum "\n\t"
DEFINE_LOOP(run_convert, CONVERT)
#define ADD_PS(sum) PRODUCT(sum) "vaddps %%zmm12, %%zmm13, %%zmm2" sum "\n\t"
DEFINE_LOOP(run_add_ps, ADD_PS)
#define MULTIPLY_PS(sum) PRODUCT(sum) "vmulps %%zmm12, %%zmm13, %%zmm2" sum "\n\t"
DEFINE_LOOP(run_multiply_ps, MULTIPLY_PS)
#define SHIFT(sum) PRODUCT(sum) "vpsrad $3, %%zmm12, %%zmm2" sum "\n\t"
DEFINE_LOOP(run_shift, SHIFT)
#define ADD(sum) PRODUCT(sum) "vpaddd %%zmm12, %%zmm13, %%zmm2" sum "\n\t"
DEFINE_LOOP(run_add, ADD)
#define TERNARY(sum) PRODUCT(sum) "vpternlogd $202, %%zmm12, %%zmm13, %%zmm2" sum "\n\t"
DEFINE_LOOP(run_ternary, TERNARY)
#define BLEND(sum) PRODUCT(sum) "vpblendmd %%zmm12, %%zmm13, %%zmm2" sum "%{%%k2%}\n\t"
DEFINE_LOOP(run_blend, BLEND)
#define MASKED_ADD(sum) PRODUCT(sum) "vpaddd %%zmm12, %%zmm13, %%zmm2" sum "%{%%k2%}\n\t"
DEFINE_LOOP(run_masked_add, MASKED_ADD)
#define COMPARE(sum) PRODUCT(sum) "vpcmpeqd %%zmm12, %%zmm13, %%k1\n\t"
DEFINE_LOOP(run_compare, COMPARE)
#define MULTIPLY(sum) PRODUCT(sum) "vpmaddwd %%zmm12, %%zmm13, %%zmm2" sum "\n\t"
DEFINE_LOOP(run_multiply, MULTIPLY)
#define ROTATE(sum) PRODUCT(sum) "vprold $8, %%zmm12, %%zmm2" sum "\n\t"
DEFINE_LOOP(run_rotate, ROTATE)
#define PACK(sum) PRODUCT(sum) "vpackssdw %%zmm12, %%zmm13, %%zmm2" sum "\n\t"
DEFINE_LOOP(run_pack, PACK)
#define UNPACK(sum) PRODUCT(sum) "vpunpcklbw %%zmm12, %%zmm13, %%zmm2" sum "\n\t"
DEFINE_LOOP(run_unpack, UNPACK)
#define STORE_16(sum) PRODUCT(sum) "vmovdqu %%xmm14, (%1)\n\t"
DEFINE_LOOP(run_store_16, STORE_16)
#define STORE_64(sum) PRODUCT(sum) "vmovdqa64 %%zmm14, (%1)\n\t"
DEFINE_LOOP(run_store_64, STORE_64)

typedef struct beside_loop {
    const char *what;
    void (*run)(int64_t rounds);
} beside_loop;

static const beside_loop loops[] = {
    {"VPBROADCASTD of memory", run_broadcast},
    {"VMOVDQU64 of memory", run_load},
    {"VCVTDQ2PS, VCVTPS2DQ", run_convert},
    {"VADDPS, VMAXPS", run_add_ps},
    {"VFMADD, VMULPS", run_multiply_ps},
    {"VPSRAD, VPSRAVQ", run_shift},
    {"VPADDD, VPXORD, VPMINUD", run_add},
    {"VPTERNLOGD", run_ternary},
    {"VPBLENDMD by a mask", run_blend},
    {"VPADDD under a mask", run_masked_add},
    {"VPCMPEQD, VPMOVD2M to a mask", run_compare},
    {"VPMULDQ, VPMADDWD", run_multiply},
    {"VPROLD", run_rotate},
    {"VPACKSSDW, VPSHUFB, VPERMD", run_pack},
    {"VPUNPCKLBW", run_unpack},
    {"VMOVDQU of 16 bytes to memory", run_store_16},
    {"VMOVDQA64 of 64 bytes to memory", run_store_64},
};

enum { COUNT = sizeof loops / sizeof loops[0] };

static double ns_of(void (*run)(int64_t rounds), int32_t milliseconds) {
    const peak_loop loop = {.macs = CHAINS, .run = run};
    return 1 / peak_measure(&loop, milliseconds);
}

int32_t beside_measure(int32_t milliseconds, beside_result results[BESIDE_MOST]) {
    _Static_assert((int)COUNT <= (int)BESIDE_MOST, "there is a place for every loop");
    if (!(mn_cpu_flags() & MN_CPU_AVX512_VNNI)) return 0;
    const int32_t each = milliseconds / (COUNT + 1) + 1;
    const double alone = ns_of(run_alone, each);
    for (int32_t i = 0; i < COUNT; i++) {
        const double cost = ns_of(loops[i].run, each) / alone - 1;
        results[i] = (beside_result){loops[i].what, cost > 0 ? cost : 0};
    }
    return COUNT;
}

#else

int32_t beside_measure(int32_t milliseconds, beside_result results[BESIDE_MOST]) {
    (void)milliseconds, (void)results;
    return 0;
}

#endif
