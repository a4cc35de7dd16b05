/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/**
 * @file mobilenet_inspect.h
 * The inside of a session: kernels, steps, memory, durations; for reports and profilers.
 *
 * Unstable: it shows how the library works, and changes with it in any version. Programs that only run models need
 * mobilenet.h alone. The rules of mobilenet.h hold here too.
 */
#ifndef MOBILENET_INSPECT_H
#define MOBILENET_INSPECT_H

#include "mobilenet.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Kernel tiers ------------------------------------------------------------------------------------ */

/** Name of tier `i` of the kernels that this processor runs, in order of increasing speed: "ref", "portable", then
 *  those of its family whose instructions it has. NULL beyond the last. A session may be limited to any of them. */
MN_API const char *mn_cpu_tier(int32_t i);

/* ---- Steps ------------------------------------------------------------------------------------------- */

/** One step of the plan: one or more operators run as one kernel, or by one back end. */
typedef struct mn_step_info {
    uint32_t struct_bytes;  /**< MN_INIT */
    int32_t first_op;       /**< index of the first operator */
    int32_t op_count;       /**< operators computed by this step */
    int32_t units;          /**< independent parts, all alike, that threads share; 0 for an alias */
    int32_t grain;          /**< minimum number of units that a thread takes; `units` for a step too short to share */
    int32_t output_count;   /**< tensors that it writes */
    uint64_t last_ns;       /**< duration in the last run; 0 unless profiling is on */
    const int32_t *outputs; /**< their indices; live as long as the session */
    const char *kernel; /**< kernel symbol, "alias" for a step that costs nothing; a delegate's: its own name for it, or
                           "foreign" */
    size_t packed_bytes;    /**< weights packed for the kernel; 0: it reads the file's */
    size_t workspace_bytes; /**< of each thread, in the arena; of a back end, in all */
    const int32_t *ops;     /**< [op_count] operators, in the order they run; live as long as the session */
    const char *backend;    /**< name of the back end that runs it; NULL: none does */
} mn_step_info;

/** Number of steps, and facts about step `index`. Errors: ARGUMENT for an index out of range. */
MN_API int32_t mn_session_step_count(const mn_session *session);
MN_API mn_status mn_session_step(const mn_session *session, int32_t index, mn_step_info *out);

/** Measures every step from the next run on (`mn_step_info.last_ns`). Default off. */
MN_API void mn_session_profile(mn_session *session, bool on);

/* ---- Order of running -------------------------------------------------------------------------------- */

/** A part of a step that runs without interruption: all of it, or some rows in a streamed plan. */
typedef struct mn_slice_info {
    uint32_t struct_bytes; /**< MN_INIT */
    int32_t step;
    int32_t first, units; /**< of the step's units, from `first` on */
} mn_slice_info;

/** Number of slices, and slice `index` in the order of running. Errors: ARGUMENT for an index out of range. */
MN_API int32_t mn_session_slice_count(const mn_session *session);
MN_API mn_status mn_session_slice(const mn_session *session, int32_t index, mn_slice_info *out);

/** Memory of a streamed plan's tensors, without the workspace of kernels that the arena also holds. */
typedef struct mn_stream_info {
    uint32_t struct_bytes; /**< MN_INIT */
    int32_t chain_count;   /**< runs of steps between which tensors are whole */
    size_t held_bytes;     /**< with whole inputs, as in this session */
    size_t arriving_bytes; /**< if rows of inputs arrived when they are needed, as from a camera */
} mn_stream_info;

/** Errors: ARGUMENT (the plan is not streamed). */
MN_API mn_status mn_session_stream(const mn_session *session, mn_stream_info *out);

/* ---- Memory ------------------------------------------------------------------------------------------ */

/** Bytes of weights packed for the chosen kernels. */
MN_API size_t mn_session_packed_bytes(const mn_session *session);

/** The memory layout of a tensor's images: [blocks][height / rows][width][block / lanes][lanes / together][rows]
 *  [together], blocks of channels outermost and the last one as short as it can be. All 0: NHWC. */
typedef struct mn_layout_info {
    int32_t block;    /**< channels of a block */
    int32_t lanes;    /**< channels of a vector */
    int32_t rows;     /**< rows that a vector interleaves */
    int32_t together; /**< adjacent channels */
    int32_t bias;     /**< added to int8 values: 128 if they are stored as unsigned bytes */
} mn_layout_info;

/** A tensor's place in the arena. */
typedef struct mn_placement {
    uint32_t struct_bytes; /**< MN_INIT */
    int32_t first, last;   /**< steps that use it; -1: before the first one, the number of steps: after the last */
    mn_layout_info layout;
    int32_t ring; /**< rows of images that it holds, row y in place y % ring; 0: all of the tensor */
    int32_t reserved;
    size_t offset, bytes; /**< bytes may be more than the tensor's, for padding, or less, for a ring */
} mn_placement;

/** A tensor's place in the arena. Errors: ARGUMENT (no such tensor, or it has no place there: a constant, or a
 *  tensor inside a fused step). */
MN_API mn_status mn_session_placement(const mn_session *session, int32_t tensor, mn_placement *out);

#ifdef __cplusplus
}
#endif
#endif
