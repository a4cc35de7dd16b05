/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What callers of public functions give: pointers that may be NULL, and structs of older and newer versions.
 * docs/interface.md says how such structs grow. */
#ifndef MN_BASE_ARGUMENT_H
#define MN_BASE_ARGUMENT_H

#include "base/status.h"
#include "mobilenet_classify.h"
#include "mobilenet_delegate.h"
#include "mobilenet_inspect.h"

/** Returns from the public function that it stands in when `pointer` is NULL. */
#define MN_NEED(pointer)                                                                                               \
    do {                                                                                                               \
        if (!(pointer)) return mn_fail_null(__func__, #pointer);                                                       \
    } while (0)

/** MN_ERROR_ARGUMENT with a sentence about the parameter `name` of `function`. */
mn_status mn_fail_null(const char *function, const char *name);

/** Every public struct that begins with `struct_bytes`: its last field in the first version that had it, and today. */
#define MN_STRUCT_LIST(X)                                                                                              \
    X(mn_model_options, read, read)                                                                                    \
    X(mn_session_options, batch, full_delegation)                                                                      \
    X(mn_tensor_info, data, reserved)                                                                                  \
    X(mn_signature, outputs, outputs)                                                                                  \
    X(mn_op_info, options, options)                                                                                    \
    X(mn_pixels, reserved, reserved)                                                                                   \
    X(mn_delegation, reason, reason)                                                                                   \
    X(mn_step_info, backend, backend)                                                                                  \
    X(mn_slice_info, units, units)                                                                                     \
    X(mn_stream_info, arriving_bytes, arriving_bytes)                                                                  \
    X(mn_placement, bytes, bytes)                                                                                      \
    X(mn_frame, stride, stride)                                                                                        \
    X(mn_image_reader, close, close)                                                                                   \
    X(mn_preprocess_options, deviation, deviation)                                                                     \
    X(mn_preprocess_info, text, text)                                                                                  \
    X(mn_classifier_options, preprocess, preprocess)                                                                   \
    X(mn_classifier_info, output_name, output_name)

/** Bytes of `type` up to the end of `field`. */
#define MN_UP_TO(type, field) (offsetof(type, field) + sizeof((type){0}.field))

/** What the library knows of such a struct. */
typedef struct mn_struct {
    const char *name;
    uint32_t first, bytes; /* sizes in the first version that had it, and today */
} mn_struct;

/* mn_tensor_info_struct and so on. */
#define MN_STRUCT_KNOWN(type, oldest, newest) extern const mn_struct type##_struct;
MN_STRUCT_LIST(MN_STRUCT_KNOWN)
#undef MN_STRUCT_KNOWN

/** Copies the options that a caller gave to `to`, a struct of today: what an older caller's struct lacks is zero, and
 * so is everything for NULL. Errors: ARGUMENT (struct_bytes was not set, or a field that only newer libraries know is).
 */
mn_status mn_struct_read(const mn_struct *type, const void *given, void *to);

/** Can the caller's `out` be filled? Errors: ARGUMENT (NULL, or struct_bytes was not set). */
mn_status mn_struct_check(const mn_struct *type, const void *out);

/** Fills `out`, which mn_struct_check accepted, from `filled`, a struct of today: no more than fits, and zeros where a
 *  newer caller's struct goes on. */
void mn_struct_write(const mn_struct *type, const void *filled, void *out);

#endif
