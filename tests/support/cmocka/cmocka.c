/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include <cmocka.h>

jmp_buf cmocka_end;
