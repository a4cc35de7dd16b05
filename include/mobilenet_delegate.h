/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/**
 * @file mobilenet_delegate.h
 * Operators of a model on other hardware: delegates of TensorFlow Lite, as makers of NPUs and GPUs ship them.
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
 * A delegate chooses operators when a session is made, and what it leaves is run by the kernels. If it cannot be loaded
 * or applied, that is an error, and nothing falls back to the processor in silence. A classifier takes delegates with
 * the session options in its own.
 *
 * A delegate may serve several models and sessions, which must be closed before it; sessions may be made and run on
 * several threads. What a delegate's library does beyond that, and whether it allows it, is its maker's affair.
 */
#ifndef MOBILENET_DELEGATE_H
#define MOBILENET_DELEGATE_H

#include "mobilenet.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Loads the external delegate of TensorFlow Lite in the shared library `path`; without a separator in it, the system
 * looks for it where its libraries are. The library stays loaded until the process ends.
 *
 * `options` are what the delegate takes, "key:value;key:value"; NULL: none. Which they are, its maker tells, and it is
 * told when a session is made. The value of `cache_file_path`, where delegates keep what they have compiled, is never
 * handed out as it is: several models in one file would get each other's programs. A hash of the model, the delegate
 * and the options is added to it: "/tmp/npu.cache-0123...", or "/tmp/npu/0123..." if /tmp/npu is a folder.
 *
 * Errors: ARGUMENT (options that are not pairs), IO (no such library), UNSUPPORTED (this system loads none), FORMAT
 * (the library is no delegate), MEMORY. */
MN_API mn_status mn_delegate_open_external(const char *path, const char *options, mn_delegate **out);

/** Emulates Arm's Ethos-U55 and Ethos-U65: runs the operators `ethos-u` of a model that Vela has compiled, on any
 * processor, with the bytes that TensorFlow Lite's reference kernels give for the model that Vela was given. What the
 * compiled model leaves to the processor is left to the kernels. A program that Vela would not write, or one for
 * another NPU, is refused when a session is made. Errors: MEMORY. */
MN_API mn_status mn_delegate_open_ethosu(mn_delegate **out);

/** Told a line, without its end, that a delegate reports; `context` is what was given with the function. */
typedef void mn_delegate_hear(void *context, const char *line);

/** Has `hear` told what the delegate reports of itself, such as why it leaves an operator; NULL, the default: nobody.
 * Lines may come from every thread that makes, runs or closes a session, while they do. Those about a failure are in
 * mn_error_detail() as well. `hear` must not make or close sessions. To be called while the delegate has no session. */
MN_API void mn_delegate_listen(mn_delegate *delegate, mn_delegate_hear *hear, void *context);

/** Ends a delegate; sessions that use it must be closed before. */
MN_API void mn_delegate_close(mn_delegate **delegate);

/** What sentences and mn_step_info.backend call it: the name of the library's file, or "ethos-u". Lives as long as the
 * delegate; NULL for NULL. */
MN_API const char *mn_delegate_name(const mn_delegate *delegate);

/** Who runs an operator of a session. Pointers live as long as the session. */
typedef struct mn_delegation {
    uint32_t struct_bytes; /**< MN_INIT */
    int32_t delegate;      /**< number in mn_session_options.delegates; -1: none, a kernel runs it or nobody need */
    int32_t part;          /**< operators with equal numbers, from 0 on, run as one; -1: it runs in none */
    int32_t reserved;      /**< 0 */
    const char *name;      /**< of the delegate; NULL: none */
    const char *reason;    /**< why no delegate runs it, as far as the library knows; NULL where one does */
} mn_delegation;

/** Who runs operator `op` of the model. Errors: ARGUMENT for an index out of range. */
MN_API mn_status mn_session_delegation(const mn_session *session, int32_t op, mn_delegation *out);

#ifdef __cplusplus
}
#endif
#endif
