/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "mobilenet.h"

/* Two macros, so that the argument's value and not its name becomes the text. */
#define MN_TEXT(x) MN_TEXT_OF(x)
#define MN_TEXT_OF(x) #x

const char *mn_version(void) {
    return MN_TEXT(MN_VERSION_MAJOR) "." MN_TEXT(MN_VERSION_MINOR) "." MN_TEXT(MN_VERSION_PATCH);
}

int32_t mn_version_number(void) { return MN_VERSION; }
