/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* As much of <setjmp.h> as cmocka.h asks for, where WASI has none: the first test that fails, or is skipped, ends the
 * program. */
#ifndef MN_TESTS_SUPPORT_SETJMP_H
#define MN_TESTS_SUPPORT_SETJMP_H

#include <stdlib.h>

typedef int jmp_buf[1];

#define setjmp(buffer) (*(buffer) = 0)
#define longjmp(buffer, value) exit((value) == 2 ? 77 : (value)) /* CMOCKA_SKIPPED is 2, CTest takes 77 */

#endif
