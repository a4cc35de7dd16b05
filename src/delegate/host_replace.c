/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* ReplaceNodeSubsetsWithDelegateKernels gets a registration by value, as large as it was in the headers that the
 * delegate was built with: 64, 72, 80 or 88 bytes on 64-bit processors, 32, 36, 40 or 48 on 32-bit ones. The first 64
 * (32) are all that is read.
 *
 * Where structs of that size are passed by reference (64-bit Arm, RISC-V, s390x, Windows), or in memory with what
 * follows in registers (64-bit x86), the size makes no difference: a function that takes the smallest one works for
 * all. On 32-bit x86 and Arm the arguments behind it lie behind it, and where, must be found out. */

#include <stdarg.h>
#include <string.h>

#include "delegate/host.h"

#if defined(__i386__) || defined(__arm__)

/* The struct's words come one after another, in registers and on the stack, then the nodes, then the delegate. Today's
 * struct holds a 64-bit integer, which 32-bit Arm passes from an even register on, leaving one out. */
#ifdef __arm__
enum { SKIPPED = 1 };
#else
enum { SKIPPED = 0 };
#endif
enum { WORDS = 8, TODAY = 12, MOST_WORDS = SKIPPED + TODAY + 2 };

/* Words of the struct in the size that fits: the one behind which come nodes and the delegate that is at work. In all
 * later ones NULL stands where nodes do behind the smallest one, and today's may end in rubbish. Today's also where
 * none fits, as when the delegate gives another one that it wraps. */
static int find_size(const mn_host *host, const uintptr_t *words) {
    static const int sizes[] = {WORDS, SKIPPED + TODAY, WORDS + 1, WORDS + 2};
    for (int i = 0; i < 4; i++) {
        if (words[sizes[i] + 1] == (uintptr_t)host->delegate && words[sizes[i]] != 0) return sizes[i];
    }
    return SKIPPED + TODAY;
}

/* Reading arguments one by one does not write where the caller's have ended. */
__attribute__((no_sanitize("address"))) static tfl_status replace_words(tfl_context *context, ...) {
    uintptr_t words[MOST_WORDS];
    va_list arguments;
    va_start(arguments, context);
    for (int i = 0; i < MOST_WORDS; i++) words[i] = va_arg(arguments, uintptr_t);
    va_end(arguments);
    mn_host *host = mn_host_of(context);
    tfl_registration_2_9 registration;
    const int size = find_size(host, words);
    memcpy(&registration, words + (size == SKIPPED + TODAY ? SKIPPED : 0), sizeof registration);
    return mn_host_take(host, &registration, (const tfl_int_array *)words[size], (tfl_delegate *)words[size + 1]);
}

#define REPLACE replace_words

#else

#if defined(__x86_64__) || defined(__aarch64__) || defined(__riscv) || defined(__s390x__) || defined(_WIN32)
typedef tfl_registration_2_9 some_registration;
#else
typedef tfl_registration some_registration;
#endif

static tfl_status replace_some(tfl_context *context, some_registration given, const tfl_int_array *nodes,
                               tfl_delegate *delegate) {
    tfl_registration_2_9 registration;
    memcpy(&registration, &given, sizeof registration);
    return mn_host_take(mn_host_of(context), &registration, nodes, delegate);
}

#define REPLACE replace_some

#endif

tfl_replace_node_subsets *mn_host_replace(void) { return (tfl_replace_node_subsets *)(void (*)(void))REPLACE; }
