/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* Shared libraries that a program names while it runs. They are never unloaded: threads they started, functions they
 * left for the end of the process and data of threads may need their code as long as the process lives, and who loads
 * one again gets the one that is there. TensorFlow Lite does the same with its delegates. */
#ifndef MN_BASE_DYNAMIC_H
#define MN_BASE_DYNAMIC_H

#include "base/status.h"

/** A function of a library, of a type that the caller knows. */
typedef void mn_dynamic_function(void);

/** Loads the library at `path`, or, for a name without a separator, where the system looks for libraries. Its names
 * stay its own. Errors: IO (missing, not for this processor, lacks something), UNSUPPORTED (no system for it). */
mn_status mn_dynamic_open(const char *path, void **out);

/** The function called `name`; NULL where the library has none. */
mn_dynamic_function *mn_dynamic_find(void *library, const char *name);

/** Writes the path of the file that `function` was loaded from; false where the system does not tell, or where it has
 * more than `bytes` with its end. */
bool mn_dynamic_file(mn_dynamic_function *function, char *path, size_t bytes);

#endif
