/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

#include "base/argument.h"

#include <string.h>

/* More than any struct will have: whoever forgot struct_bytes has whatever lay in memory there. */
enum { MOST_STRUCT_BYTES = 4096 };

/* Bytes behind the last field, which older callers need not have set, could hold no field later. */
#define MN_STRUCT_KNOWN(type, oldest, newest)                                                                          \
    const mn_struct type##_struct = {#type, (uint32_t)MN_UP_TO(type, oldest), (uint32_t)sizeof(type)};                 \
    _Static_assert(offsetof(type, struct_bytes) == 0, "every struct that may grow begins with its size");              \
    _Static_assert(MN_UP_TO(type, newest) == sizeof(type), "no padding behind the last field");
MN_STRUCT_LIST(MN_STRUCT_KNOWN)
#undef MN_STRUCT_KNOWN

mn_status mn_fail_null(const char *function, const char *name) {
    return mn_fail(MN_ERROR_ARGUMENT, "%s: the argument '%s' is NULL; give a valid pointer", function, name);
}

static uint32_t given_bytes(const void *given) {
    uint32_t bytes;
    memcpy(&bytes, given, sizeof bytes);
    return bytes;
}

mn_status mn_struct_check(const mn_struct *type, const void *out) {
    if (!out) return mn_fail(MN_ERROR_ARGUMENT, "%s: is NULL; give the address of one", type->name);
    const uint32_t bytes = given_bytes(out);
    if (bytes >= type->first && bytes <= MOST_STRUCT_BYTES) return MN_OK;
    return mn_fail(MN_ERROR_ARGUMENT, "%s: struct_bytes is %u, and %u in this library; begin with MN_INIT(%s)",
                   type->name, (unsigned)bytes, (unsigned)type->bytes, type->name);
}

mn_status mn_struct_read(const mn_struct *type, const void *given, void *to) {
    uint32_t bytes = 0;
    if (given) {
        MN_TRY(mn_struct_check(type, given));
        bytes = given_bytes(given);
    }
    for (uint32_t i = type->bytes; i < bytes; i++) {
        if (((const unsigned char *)given)[i] == 0) continue;
        return mn_fail(MN_ERROR_ARGUMENT,
                       "%s: byte %u is set, which library %s does not know; leave new options 0 or use a newer library",
                       type->name, (unsigned)i, mn_version());
    }
    memset(to, 0, type->bytes);
    if (given) memcpy(to, given, bytes < type->bytes ? bytes : type->bytes);
    memcpy(to, &type->bytes, sizeof type->bytes);
    return MN_OK;
}

void mn_struct_write(const mn_struct *type, const void *filled, void *out) {
    const uint32_t bytes = given_bytes(out), most = bytes < type->bytes ? bytes : type->bytes;
    memcpy(out, filled, most);
    memset((char *)out + most, 0, bytes - most);
    memcpy(out, &bytes, sizeof bytes);
}
