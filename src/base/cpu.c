/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#define _DEFAULT_SOURCE /* syscall() */

#include "base/cpu.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#if defined(__unix__)
#include <unistd.h>
#endif

const char *mn_family_name(mn_family family) {
    switch (family) {
    case MN_FAMILY_X86_64: return "x86-64";
    case MN_FAMILY_ARM64: return "arm64";
    case MN_FAMILY_ARM32: return "arm32";
    case MN_FAMILY_WASM: return "wasm";
    default: return "any";
    }
}

#ifdef _SC_LEVEL1_DCACHE_SIZE

static size_t ask(int name) {
    const long bytes = sysconf(name);
    return bytes > 0 ? (size_t)bytes : 0;
}

mn_caches mn_cpu_caches(void) { return (mn_caches){ask(_SC_LEVEL1_DCACHE_SIZE), ask(_SC_LEVEL2_CACHE_SIZE)}; }

#else

mn_caches mn_cpu_caches(void) { return (mn_caches){0, 0}; }

#endif

#if defined(__x86_64__) && defined(__GNUC__)

#include <cpuid.h>

/* Bits as in Intel's Software Developer's Manual, volume 2, CPUID. */
#define LEAF1_ECX_FMA (1u << 12)
#define LEAF1_ECX_OSXSAVE (1u << 27)
#define LEAF1_ECX_F16C (1u << 29)
#define LEAF7_EBX_AVX2 (1u << 5)
#define LEAF7_EBX_AVX512F (1u << 16)
#define LEAF7_EBX_AVX512DQ (1u << 17)
#define LEAF7_EBX_AVX512BW (1u << 30)
#define LEAF7_EBX_AVX512VL (1u << 31)
#define LEAF7_ECX_AVX512VBMI (1u << 1)
#define LEAF7_ECX_AVX512VNNI (1u << 11)
#define LEAF7_EDX_AMX_TILE (1u << 24)
#define LEAF7_EDX_AMX_INT8 (1u << 25)
#define LEAF7_1_EAX_AVXVNNI (1u << 4)
#define XCR0_YMM 0x06u      /* SSE and AVX state */
#define XCR0_ZMM 0xe6u      /* and opmask, upper halves, upper registers */
#define XCR0_TILES 0x60000u /* shapes and contents of tiles */

mn_family mn_cpu_family(void) { return MN_FAMILY_X86_64; }

/* XCR0: the register state that the operating system saves. */
static uint32_t saved_state(void) {
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static bool all(uint32_t word, uint32_t bits) { return (word & bits) == bits; }

#if defined(MN_CPU_AMX_COMPILES) && !defined(MN_TIER_AMX_LEFT_OUT)

#include <sys/syscall.h>

/* As in Linux' Documentation/arch/x86/xstate.rst. */
enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };

/* Linux keeps room for tiles only in processes that ask for it: 8 KiB for each thread that uses them, and on the stacks
 * of its signal handlers. It refuses where such a stack is too small. */
static bool may_use_tiles(void) { return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0; }

#else

static bool may_use_tiles(void) { return false; }

#endif

/* Under a hypervisor CPUID takes microseconds, so the highest leaf is asked for once. */
static uint32_t find_flags(void) {
    uint32_t a, b, c, d, sub_a, sub_b, sub_c, sub_d;
    const uint32_t highest = (uint32_t)__get_cpuid_max(0, NULL); /* clang declares it signed */
    if (highest < 7) return 0;
    __cpuid(1, a, b, c, d);
    if (!all(c, LEAF1_ECX_OSXSAVE | LEAF1_ECX_FMA | LEAF1_ECX_F16C)) return 0;
    const uint32_t state = saved_state();
    __cpuid_count(7, 0, a, b, c, d);
    if (!all(state, XCR0_YMM) || !all(b, LEAF7_EBX_AVX2)) return 0;
    uint32_t flags = MN_CPU_AVX2;
    if (a >= 1) {
        __cpuid_count(7, 1, sub_a, sub_b, sub_c, sub_d);
        if (all(sub_a, LEAF7_1_EAX_AVXVNNI)) flags |= MN_CPU_AVX_VNNI;
    }
    const uint32_t avx512 = LEAF7_EBX_AVX512F | LEAF7_EBX_AVX512DQ | LEAF7_EBX_AVX512BW | LEAF7_EBX_AVX512VL;
    if (!all(state, XCR0_ZMM) || !all(b, avx512)) return flags;
    flags |= MN_CPU_AVX512;
    if (all(c, LEAF7_ECX_AVX512VBMI)) flags |= MN_CPU_AVX512_VBMI;
    if (!all(c, LEAF7_ECX_AVX512VNNI)) return flags;
    flags |= MN_CPU_AVX512_VNNI;
    const bool has_tiles = all(state, XCR0_TILES) && all(d, LEAF7_EDX_AMX_TILE | LEAF7_EDX_AMX_INT8);
    return has_tiles && may_use_tiles() ? flags | MN_CPU_AMX_INT8 : flags;
}

#elif defined(__aarch64__) && defined(__GNUC__)

mn_family mn_cpu_family(void) { return MN_FAMILY_ARM64; }

#if defined(__linux__)

#include <sys/auxv.h>

/* Bits as in Linux' Documentation/arch/arm64/elf_hwcaps.rst: AT_HWCAP's ASIMD and ASIMDDP, AT_HWCAP2's I8MM. */
#define HWCAP_ASIMD_BIT (1ul << 1)
#define HWCAP_ASIMDDP_BIT (1ul << 20)
#define HWCAP2_I8MM_BIT (1ul << 13)

static uint32_t optional_flags(void) {
    if (!(getauxval(AT_HWCAP) & HWCAP_ASIMDDP_BIT)) return 0;
    return getauxval(AT_HWCAP2) & HWCAP2_I8MM_BIT ? MN_CPU_DOTPROD | MN_CPU_I8MM : MN_CPU_DOTPROD;
}

static bool has_neon(void) { return getauxval(AT_HWCAP) & HWCAP_ASIMD_BIT; }

#elif defined(__APPLE__)

#include <sys/sysctl.h>

/* Names as in Apple's "Determining instruction set characteristics"; unknown ones are absent. */
static bool has_feature(const char *name) {
    int present = 0;
    size_t bytes = sizeof present;
    return sysctlbyname(name, &present, &bytes, NULL, 0) == 0 && present != 0;
}

static uint32_t optional_flags(void) {
    if (!has_feature("hw.optional.arm.FEAT_DotProd")) return 0;
    return has_feature("hw.optional.arm.FEAT_I8MM") ? MN_CPU_DOTPROD | MN_CPU_I8MM : MN_CPU_DOTPROD;
}

static bool has_neon(void) { return true; }

#else

/* What the compiler may use everywhere. */
static uint32_t optional_flags(void) {
    uint32_t flags = 0;
#ifdef __ARM_FEATURE_DOTPROD
    flags |= MN_CPU_DOTPROD;
#ifdef __ARM_FEATURE_MATMUL_INT8
    flags |= MN_CPU_I8MM;
#endif
#endif
    return flags;
}

static bool has_neon(void) { return true; }

#endif

static uint32_t find_flags(void) { return has_neon() ? MN_CPU_NEON | optional_flags() : 0; }

#elif defined(__arm__) && defined(MN_CPU_NEON_COMPILES)

mn_family mn_cpu_family(void) { return MN_FAMILY_ARM32; }

#if defined(__linux__)

#include <sys/auxv.h>

/* As in Linux' arch/arm/include/uapi/asm/hwcap.h: AT_HWCAP's NEON. */
#define HWCAP_NEON_BIT (1ul << 12)

static uint32_t find_flags(void) { return getauxval(AT_HWCAP) & HWCAP_NEON_BIT ? MN_CPU_NEON : 0; }

#else

/* What the compiler may use everywhere. */
static uint32_t find_flags(void) {
#ifdef __ARM_NEON
    return MN_CPU_NEON;
#else
    return 0;
#endif
}

#endif

#elif defined(MN_CPU_SIMD128_COMPILES)

mn_family mn_cpu_family(void) { return MN_FAMILY_WASM; }

static uint32_t find_flags(void) { return MN_CPU_SIMD128; }

#else

mn_family mn_cpu_family(void) { return MN_FAMILY_ANY; }

static uint32_t find_flags(void) { return 0; }

#endif

/* No flag of any family. */
#define FLAGS_KNOWN (UINT32_C(1) << 31)

uint32_t mn_cpu_flags(void) {
    static _Atomic uint32_t cached;
    uint32_t flags = atomic_load_explicit(&cached, memory_order_relaxed);
    if (!flags) {
        flags = find_flags() | FLAGS_KNOWN;
        atomic_store_explicit(&cached, flags, memory_order_relaxed);
    }
    return flags & ~FLAGS_KNOWN;
}
