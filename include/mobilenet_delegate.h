/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/**
 * @file mobilenet_delegate.h
 * Operators of a model on other hardware: TensorFlow Lite delegates, as shipped by vendors of NPUs and GPUs.
 *
 *     mn_delegate *npu = NULL;
 *     mn_session_options options = MN_INIT(mn_session_options);
 *     mn_status status = mn_delegate_open_external("libvx_delegate.so", "device_id:0", &npu);
 *     if (status == MN_OK) {
 *         options.delegates = &npu;
 *         options.delegate_count = 1;
 *         status = mn_session_create(model, &options, &session);
 *     }
 *     ...
 *     mn_session_close(&session);
 *     mn_delegate_close(&npu);
 *
 * A delegate chooses operators when a session is created, and the kernels run the rest. If it cannot be loaded or
 * applied, that is an error; there is no silent fallback to the CPU. A classifier takes delegates in the session
 * options of its own options.
 *
 * A delegate may serve several models and sessions, which must be closed before it; sessions may be created and run on
 * several threads. Whether a delegate's library supports this is up to its vendor.
 */
#ifndef MOBILENET_DELEGATE_H
#define MOBILENET_DELEGATE_H

#include "mobilenet.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Loads the external TensorFlow Lite delegate in the shared library `path`; without a separator in it, the system's
 *  library path is searched. The library stays loaded until the process ends.
 *
 *  `options` are the delegate's, "key:value;key:value"; NULL: none. Its vendor documents them, and they are passed
 *  to it when a session is created. The value of `cache_file_path`, where delegates keep compiled programs, is never
 *  passed on unchanged: several models in one file would get each other's programs. A hash of the model, the
 *  delegate and the options is added to it: "/tmp/npu.cache-0123...", or "/tmp/npu/0123..." if /tmp/npu is a folder.
 *
 *  Errors: ARGUMENT (malformed options), IO (no such library), UNSUPPORTED (this system cannot load libraries),
 *  FORMAT (the library is not a delegate), MEMORY. */
MN_API mn_status mn_delegate_open_external(const char *path, const char *options, mn_delegate **out);

/** Emulates Arm's Ethos-U55 and Ethos-U65: runs the operators `ethos-u` of a model compiled by Vela, on any
 *  processor, with the bytes that TensorFlow Lite's reference kernels give for the original model. Operators that
 *  the compiled model leaves to the CPU run on the library's kernels. A program that Vela would not write, or one
 *  for another NPU, is refused when a session is created. Errors: MEMORY. */
MN_API mn_status mn_delegate_open_ethosu(mn_delegate **out);

/** Receives a line of a delegate's messages, without its newline; `context` is the one passed to
 *  mn_delegate_listen(). */
typedef void mn_delegate_hear(void *context, const char *line);

/** Forwards the delegate's messages, such as why it leaves an operator, to `hear`; NULL, the default: to nobody.
 *  `hear` may be called on every thread that creates, runs or closes a session, during that call. Messages about a
 *  failure are in mn_error_detail() as well. `hear` must not create or close sessions. Call this while the delegate
 *  has no session. */
MN_API void mn_delegate_listen(mn_delegate *delegate, mn_delegate_hear *hear, void *context);

/** Closes a delegate; sessions that use it must be closed before. */
MN_API void mn_delegate_close(mn_delegate **delegate);

/** Its name in error sentences and mn_step_info.backend: the name of the library's file, or "ethos-u". Lives as long
 *  as the delegate; NULL for NULL. */
MN_API const char *mn_delegate_name(const mn_delegate *delegate);

/** What runs an operator of a session. Pointers live as long as the session. */
typedef struct mn_delegation {
    uint32_t struct_bytes; /**< MN_INIT */
    int32_t delegate;      /**< number in mn_session_options.delegates; -1: a kernel runs it, or nothing need */
    int32_t part;          /**< operators with equal numbers, from 0 on, run as one; -1: it runs in none */
    int32_t reserved;      /**< 0 */
    const char *name;      /**< of the delegate; NULL: none */
    const char *reason;    /**< why no delegate runs it, as far as known; NULL if one does */
} mn_delegation;

/** What runs operator `op` of the model. Errors: ARGUMENT for an index out of range. */
MN_API mn_status mn_session_delegation(const mn_session *session, int32_t op, mn_delegation *out);

#ifdef __cplusplus
}
#endif
#endif
