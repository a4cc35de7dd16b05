/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The command: walks the registry. */
#include "base/cpu.h"
#include "checkkernels/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct options {
    uint64_t seed;
    int32_t cases;
    const char *pattern;
    bool bench, list;
} options;

static const char help[] =
    "Usage: checkkernels [options]\n"
    "Compares every kernel with the reference on random and worst cases: byte for byte, but for float sums of\n"
    "the tiers above portable, which may round otherwise.\n"
    "\n"
    "  --kernel=PATTERN  only kernels whose name matches, as in the shell (\"mn_conv_*_portable\")\n"
    "  --seed=N          repeat a run; default: from the clock\n"
    "  --cases=N         cases per kernel; default 150\n"
    "  --bench           then measure: ns per call (least and median), MAC/ns, ratio to the reference\n"
    "  --list            print the kernels\n"
    "  --help            print this\n"
    "\n"
    "Exit status: 0 passed, 1 failed, 2 wrong usage.\n";

static void usage(const char *problem, const char *flag) {
    fprintf(stderr, "checkkernels: %s: %s; --help lists the flags\n", flag, problem);
    exit(2);
}

static uint64_t number_of(const char *flag, const char *text, uint64_t limit) {
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || number > limit) usage("not a valid number", flag);
    return number;
}

static options parse(int count, char **flags) {
    options o = {.seed = (uint64_t)time(NULL), .cases = 150, .pattern = "*"};
    for (int i = 1; i < count; i++) {
        const char *flag = flags[i], *value = strchr(flag, '=');
        size_t name = value == NULL ? strlen(flag) : (size_t)(value++ - flag);
        bool with_value = value != NULL;
        if (with_value && name == 6 && strncmp(flag, "--seed", name) == 0) {
            o.seed = number_of(flag, value, UINT64_MAX);
        } else if (with_value && name == 7 && strncmp(flag, "--cases", name) == 0) {
            o.cases = (int32_t)number_of(flag, value, 1000000);
        } else if (with_value && name == 8 && strncmp(flag, "--kernel", name) == 0) {
            o.pattern = value;
        } else if (strcmp(flag, "--bench") == 0) {
            o.bench = true;
        } else if (strcmp(flag, "--list") == 0) {
            o.list = true;
        } else if (strcmp(flag, "--help") == 0) {
            fputs(help, stdout);
            exit(0);
        } else {
            usage("unknown flag", flag);
        }
    }
    return o;
}

/* The registry, then what only this program has; NULL beyond the last. */
static const mn_kernel *kernel_at(int32_t i) {
    if (i < mn_kernel_count) return &mn_kernels[i];
    static const mn_kernel *(*const others[])(int32_t) = {check_evex_conv,
                                                          check_evex_depthwise,
                                                          check_emulated_conv_depthwise,
                                                          check_emulated_project,
                                                          check_emulated_amx_conv_depthwise,
                                                          check_emulated_amx_project,
                                                          check_emulated_amx_conv_mean};
    i -= mn_kernel_count;
    for (size_t k = 0; k < sizeof others / sizeof others[0]; k++) {
        int32_t count = 0;
        while (others[k](count) != NULL) count++;
        if (i < count) return others[k](i);
        i -= count;
    }
    return NULL;
}

/* Is `name` like `pattern`, in which "*" is anything and "?" one letter? */
static bool is_like(const char *pattern, const char *name) {
    for (; *pattern != '*'; pattern++, name++) {
        if (*pattern == '\0' || *name == '\0') return *pattern == *name;
        if (*pattern != '?' && *pattern != *name) return false;
    }
    for (;; name++) {
        if (is_like(pattern + 1, name)) return true;
        if (*name == '\0') return false;
    }
}

static bool chosen(const mn_kernel *kernel, const options *o) { return is_like(o->pattern, kernel->symbol); }

/* Has this processor the kernel's instructions? */
static bool runs_here(const mn_kernel *kernel) { return (kernel->cpu & ~mn_cpu_flags()) == 0; }

static bool is_checkable(const mn_kernel *kernel) {
    if (check_twin(kernel) == NULL) {
        printf("FAILED %s: no kernel of the ref tier has its operator and types\n", kernel->symbol);
        return false;
    }
    check_maker maker = check_maker_of(kernel->op);
    if (maker.make == NULL || maker.bench == NULL) {
        printf("FAILED %s: nothing in tests/checkkernels makes cases for its operator\n", kernel->symbol);
        return false;
    }
    return true;
}

/* Runs the cases of one kernel until one fails; adds to `total` those that the kernel computed. As long as its need()
 * refuses all, there are up to ten times as many. */
static bool check_kernel(const mn_kernel *kernel, const options *o, int64_t *total) {
    if (!is_checkable(kernel)) return false;
    /* One stream for all tiers of a family: the same cases for each. */
    const char *family = check_twin(kernel)->symbol;
    int32_t passed = 0;
    for (int32_t i = 0; i < o->cases || (passed == 0 && i / 10 < o->cases); i++) {
        check_case c = {0};
        check_rng r = check_rng_for(o->seed, family, i);
        bool made = check_maker_of(kernel->op).make(&c, &r, kernel->in, kernel->out);
        check_result result = made ? check_verify(kernel, &c, &r) : CHECK_FAILED;
        check_case_close(&c);
        if (!made) printf("FAILED %s: tests/checkkernels makes no cases for its types\n", kernel->symbol);
        if (result == CHECK_FAILED) return false;
        passed += result == CHECK_PASSED;
    }
    if (passed == 0) printf("FAILED %s: its need() refused all %d cases\n", kernel->symbol, 10 * o->cases);
    *total += passed;
    return passed > 0;
}

int main(int count, char **flags) {
    options o = parse(count, flags);
    int32_t chosen_count = 0, checked = 0, failed = 0;
    int64_t cases = 0;
    const mn_kernel *kernel;
    for (int32_t i = 0; (kernel = kernel_at(i)) != NULL; i++) {
        if (!chosen(kernel, &o)) continue;
        chosen_count++;
        if (o.list) {
            printf("%s\n", kernel->symbol);
        } else if (!runs_here(kernel)) {
            printf("SKIPPED %s: this processor lacks its instructions\n", kernel->symbol);
        } else {
            checked++;
            failed += !check_kernel(kernel, &o, &cases);
        }
    }
    if (chosen_count == 0) usage("no kernel has such a name", o.pattern);
    if (o.list) return 0;
    printf("%" PRId32 " kernels, %" PRId64 " cases, seed %" PRIu64 ": ", checked, cases, o.seed);
    if (failed > 0) {
        printf("%" PRId32 " kernels failed; repeat with --seed=%" PRIu64 "\n", failed, o.seed);
        return 1;
    }
    printf("passed\n");
    if (!o.bench) return 0;
    check_bench_title();
    for (int32_t i = 0; (kernel = kernel_at(i)) != NULL; i++) {
        if (chosen(kernel, &o) && runs_here(kernel)) check_bench(kernel);
    }
    return 0;
}
