/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Which instructions this processor and its operating system let us use. */
#ifndef MN_BASE_CPU_H
#define MN_BASE_CPU_H

#include <stddef.h>
#include <stdint.h>

/** Families of processors with kernels of their own. */
typedef enum mn_family {
    MN_FAMILY_ANY, /* all, and those without */
    MN_FAMILY_X86_64,
    MN_FAMILY_ARM64,
    MN_FAMILY_ARM32, /* Armv7-A, and Armv8-A that runs its instructions */
    MN_FAMILY_WASM,  /* WebAssembly */
} mn_family;

/** "x86-64", "arm64", "arm32", "wasm". */
const char *mn_family_name(mn_family family);

/** The family that this is compiled for. */
mn_family mn_cpu_family(void);

/* Flags are groups of instruction sets, as the kernels need them together; what a bit means depends on the family. A
 * type of core that gets kernels of its own, for what it is good at, is a flag of its family as well. */

/** MN_FAMILY_X86_64 */
enum {
    MN_CPU_AVX2 = 1 << 0,        /* AVX2, FMA, F16C */
    MN_CPU_AVX_VNNI = 1 << 1,    /* AVX2 and AVX-VNNI */
    MN_CPU_AVX512 = 1 << 2,      /* AVX-512 F, BW, DQ, VL, and AVX2 */
    MN_CPU_AVX512_VNNI = 1 << 3, /* AVX-512 and its VNNI */
    MN_CPU_AVX512_VBMI = 1 << 4, /* AVX-512 and its VBMI */
    MN_CPU_AMX_INT8 = 1 << 5,    /* tiles of bytes, and AVX-512 VNNI */
};

/** MN_FAMILY_ARM64, and the first of MN_FAMILY_ARM32 as well */
enum {
    MN_CPU_NEON = 1 << 0,    /* Armv8.0 with Advanced SIMD: Cortex-A53; Armv7-A with it: Cortex-A7 */
    MN_CPU_DOTPROD = 1 << 1, /* and SDOT, UDOT: Cortex-A55, A76 */
    MN_CPU_I8MM = 1 << 2,    /* and SMMLA, USDOT: Cortex-A510, X2, Neoverse V1 */
};

/** MN_FAMILY_WASM */
enum {
    MN_CPU_SIMD128 = 1 << 0, /* vectors of 128 bits */
};

/* A module with one such instruction is refused as a whole where there are none, so the compiler's flag decides. */
#ifdef __wasm_simd128__
#define MN_CPU_SIMD128_COMPILES
#endif

/* Compilers that know NEON, whether or not they may use it everywhere. */
#if defined(__GNUC__) && (defined(__aarch64__) || (defined(__arm__) && defined(__ARM_NEON)))
#define MN_CPU_NEON_COMPILES
#elif defined(__GNUC__) && !defined(__clang__) && defined(__arm__) && defined(__ARM_FP) && defined(__ARM_ARCH_PROFILE)
#if __ARM_ARCH >= 7 && __ARM_ARCH_PROFILE == 'A' && !defined(__ARM_BIG_ENDIAN)
#define MN_CPU_NEON_COMPILES
#endif
#endif

/* Compilers whose arm_neon.h has the intrinsics for these in functions with a target attribute; kernels for them exist
 * only with those. */
#if defined(__aarch64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 10
#define MN_CPU_DOTPROD_COMPILES
#elif defined(__aarch64__) && defined(__clang__) && __clang_major__ >= 16
#define MN_CPU_DOTPROD_COMPILES
#endif

/* Compilers that know AVX-VNNI; kernels for it exist only with them. */
#if defined(__x86_64__) && defined(__GNUC__) && (__GNUC__ >= 11 || (defined(__clang_major__) && __clang_major__ >= 12))
#define MN_CPU_AVX_VNNI_COMPILES
#endif

/* Compilers that know AMX, on systems that hand out its registers. */
#if defined(MN_CPU_AVX_VNNI_COMPILES) && defined(__linux__)
#define MN_CPU_AMX_COMPILES
#endif

/** MN_CPU_* flags of this machine; 0 on processors without kernels of their own. The system and the processor are asked
 * once in a process. */
uint32_t mn_cpu_flags(void);

/** Data caches of one core; 0 where the system does not tell at once. */
typedef struct mn_caches {
    size_t l1_bytes, l2_bytes;
} mn_caches;

mn_caches mn_cpu_caches(void);

#endif
