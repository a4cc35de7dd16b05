/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* What people bring instead of a model, told by its contents, and what to do with it. */
#ifndef MN_BASE_KIND_H
#define MN_BASE_KIND_H

#include "base/status.h"

typedef enum mn_wanted { MN_WANT_TFLITE, MN_WANT_WEIGHTS } mn_wanted;

/** FORMAT, with the sentence "FILE: is a ...; ..." on a file with these contents, which is not what is wanted. */
mn_status mn_kind_refuse(mn_wanted wanted, const char *file, const void *data, size_t bytes);

/** IO, with a sentence on the folder at `path`, where a file is wanted. */
mn_status mn_kind_refuse_folder(const char *path);

#endif
