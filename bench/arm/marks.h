/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/** System calls by which a program tells the plugins what to count: getpriority(MARK, which), which fails at once and
 * changes nothing. drive_litert.py has the same numbers. */
#ifndef BENCH_ARM_MARKS_H
#define BENCH_ARM_MARKS_H

enum { MARK = 0x4d4e4d4e };

enum {
    MARK_BEGIN = 1, /* everything from here on counts, as part 0 */
    MARK_END = 2,
    MARK_PART = 3, /* the next part begins */
};

#endif
