/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/**
 * @file mobilenet.h
 * The public interface of libmobilenet: load a `.tflite` image classifier, run it, read its output.
 * mobilenet_classify.h goes from pixels to named classes, mobilenet_image.h from photos in files.
 *
 *     mn_model *model = NULL;
 *     mn_session *session = NULL;
 *     mn_status status = mn_model_open("model.tflite", &model);
 *     if (status == MN_OK) status = mn_session_create(model, NULL, &session);
 *     if (status == MN_OK) {
 *         memcpy(mn_session_input(session, 0), pixels, bytes);
 *         status = mn_session_run(session);
 *     }
 *     if (status == MN_OK) use(mn_session_output(session, 0));
 *     if (status != MN_OK) fprintf(stderr, "%s\n", mn_error_detail());
 *     mn_session_close(&session);
 *     mn_model_close(&model);
 *
 * Rules that hold for every function:
 * - A function that can fail returns `mn_status`; on failure its outputs are unchanged and
 *   `mn_error_detail()` holds one sentence for the calling thread.
 * - The library never exits, aborts or prints.
 * - An `mn_model` is immutable and may be shared between threads. An `mn_session` belongs to one thread at
 *   a time; any number of sessions may use one model, and must be closed before it.
 * - Close functions take the address of a pointer and set it to NULL; closing NULL is allowed.
 * - NULL is an error unless documented otherwise: MN_ERROR_ARGUMENT, or 0, -1 or NULL from functions that return no
 *   status.
 *
 * Structs that may grow begin with their size, `struct_bytes`, so that programs and libraries of different versions
 * work together. Initialise them with MN_INIT, which leaves everything else zero; zero is the default of every option:
 *
 *     mn_session_options options = MN_INIT(mn_session_options);
 *     options.threads = 4;
 *
 * docs/interface.md describes what may change from version to version.
 */
#ifndef MOBILENET_H
#define MOBILENET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Begins a struct that may grow: its size, and zeros. */
#ifdef __cplusplus
#define MN_INIT(type)                                                                                                  \
    ([]() -> type {                                                                                                    \
        type made = type();                                                                                            \
        made.struct_bytes = static_cast<uint32_t>(sizeof(type));                                                       \
        return made;                                                                                                   \
    }())
#else
#define MN_INIT(type)                                                                                                  \
    { .struct_bytes = (uint32_t)sizeof(type) }
#endif

#if defined(__GNUC__)
#define MN_API __attribute__((visibility("default")))
#else
#define MN_API
#endif

#define MN_VERSION_MAJOR 0
#define MN_VERSION_MINOR 1
#define MN_VERSION_PATCH 0

/** A version as one number, for comparisons: MN_VERSION >= MN_VERSION_OF(0, 2, 0). */
#define MN_VERSION_OF(major, minor, patch) ((major)*1000000 + (minor)*1000 + (patch))
#define MN_VERSION MN_VERSION_OF(MN_VERSION_MAJOR, MN_VERSION_MINOR, MN_VERSION_PATCH)

/** Version of the library that runs, which may be newer than this header: "MAJOR.MINOR.PATCH" in static storage, and
 * the number that MN_VERSION is. */
MN_API const char *mn_version(void);
MN_API int32_t mn_version_number(void);

/* ---- Status ------------------------------------------------------------------------------------------ */

/** The one list of status codes and their texts. Those from MN_ERROR_BACKEND on are for parts of a model that run on
 *  a back end. Later versions may add codes: a program should treat an unknown code as a failure. */
#define MN_STATUS_LIST(X)                                                                                              \
    X(MN_OK, 0, "success")                                                                                             \
    X(MN_ERROR_ARGUMENT, 1, "invalid argument")                                                                        \
    X(MN_ERROR_MEMORY, 2, "out of memory")                                                                             \
    X(MN_ERROR_IO, 3, "file cannot be read or written")                                                                \
    X(MN_ERROR_FORMAT, 4, "malformed file")                                                                            \
    X(MN_ERROR_UNSUPPORTED, 5, "not supported")                                                                        \
    X(MN_ERROR_LIMIT, 6, "over a size limit")                                                                          \
    X(MN_ERROR_THREAD, 7, "thread cannot be started")                                                                  \
    X(MN_ERROR_BACKEND, 8, "a back end failed")                                                                        \
    X(MN_ERROR_DEVICE, 9, "a device is missing or lost")                                                               \
    X(MN_ERROR_BUSY, 10, "in use elsewhere")                                                                           \
    X(MN_ERROR_TIMEOUT, 11, "no answer in time")                                                                       \
    X(MN_ERROR_CANCELLED, 12, "cancelled")

typedef enum mn_status {
#define MN_STATUS_ENUM(name, code, text) name = code,
    MN_STATUS_LIST(MN_STATUS_ENUM)
#undef MN_STATUS_ENUM
} mn_status;

/** Short text of a status code, static storage; "unknown status" outside the list. */
MN_API const char *mn_status_text(mn_status status);

/** One sentence about the last failure on the calling thread: the file, the place and the remedy.
 *  Valid until the next library call on this thread; "" when nothing has failed. */
MN_API const char *mn_error_detail(void);

/** Stores `sentence` for mn_error_detail() on this thread, cut at 511 bytes (NULL: ""), and returns `status`: for
 *  callbacks that the library calls, and for libraries built on this one. */
MN_API mn_status mn_error_set(mn_status status, const char *sentence);

/* ---- Tensors ----------------------------------------------------------------------------------------- */

/** Element types. */
typedef enum mn_type {
    MN_NONE = 0,
    MN_FLOAT32,
    MN_FLOAT16,
    MN_INT8,
    MN_UINT8,
    MN_INT32,
    MN_INT64,
    MN_INT16,
} mn_type;

/** Name of a type in lower case ("int8"), static storage. */
MN_API const char *mn_type_name(mn_type type);

/** Bytes of one element: 4, 2, 1, 1, 4, 8, 2; 0 for MN_NONE. */
MN_API size_t mn_type_size(mn_type type);

/** Largest number of dimensions of a tensor, and the number that structs have space for, since later versions may
 *  allow more.
 */
#define MN_MAX_RANK 6
#define MN_ROOM_RANK 8

/** Affine quantisation: real = scale * (stored - zero_point). */
typedef struct mn_quant {
    int32_t count;             /**< 0: not quantised; 1: per tensor; more: one per index of `axis` */
    int32_t axis;              /**< dimension that `scale` and `zero_point` run along when count > 1 */
    const float *scale;        /**< [count], each positive and finite */
    const int32_t *zero_point; /**< [count], each in the range of the element type */
} mn_quant;

/** Facts about a tensor. Pointers live as long as the model. */
typedef struct mn_tensor_info {
    uint32_t struct_bytes; /**< MN_INIT */
    mn_type type;
    const char *name;
    int32_t rank; /**< 0..MN_MAX_RANK; 0 is a scalar */
    int32_t dims[MN_ROOM_RANK];
    size_t bytes; /**< product of dims times the element size */
    mn_quant quant;
    const void *data;   /**< constant contents, or NULL for a tensor computed at run time */
    uint32_t open_dims; /**< bit d: the file says that dimension d may have any size, as a batch may */
    int32_t reserved;   /**< 0 */
} mn_tensor_info;

/** Checks that a tensor has `count` elements of `type`; a count of 0 means any, MN_NONE means any type. Errors:
 *  ARGUMENT, with a sentence that gives the tensor's name, type and shape. */
MN_API mn_status mn_tensor_expect(const mn_tensor_info *info, mn_type type, size_t count);

/* ---- Model ------------------------------------------------------------------------------------------- */

typedef struct mn_model mn_model;

/** Maps and checks the `.tflite` file at `path`.
 *  Errors: IO, MEMORY, FORMAT (damaged), UNSUPPORTED (an operator, type or version that is not implemented). */
MN_API mn_status mn_model_open(const char *path, mn_model **out);

/** How to open a model. */
typedef struct mn_model_options {
    uint32_t struct_bytes; /**< MN_INIT */
    /** 1: read the file into memory of this process instead of mapping it. Default 0: mapping is faster, and
     *  processes share the memory, but a change of the file while it is open changes the model, and truncating it
     *  ends this process with SIGBUS. With 1 the file may be a pipe, and "-" is standard input. */
    int32_t read;
} mn_model_options;

/** As mn_model_open() with options; NULL means defaults. Errors: those of mn_model_open(), and LIMIT (read, over 2
 * GiB). */
MN_API mn_status mn_model_open_with(const char *path, const mn_model_options *options, mn_model **out);

/** Checks the `.tflite` file held in `data`, which must outlive the model. It may have any alignment; misaligned
 *  constants are copied, and there are none if `data` is aligned to 16 bytes. `name` is used as the file's name in
 *  error sentences; copied. */
MN_API mn_status mn_model_from_memory(const void *data, size_t bytes, const char *name, mn_model **out);

MN_API void mn_model_close(mn_model **model);

/** Numbers of model inputs, outputs, tensors and operators. */
MN_API int32_t mn_model_input_count(const mn_model *model);
MN_API int32_t mn_model_output_count(const mn_model *model);
MN_API int32_t mn_model_tensor_count(const mn_model *model);
MN_API int32_t mn_model_op_count(const mn_model *model);

/** Index of the tensor that is input or output `i`; -1 when `i` is out of range. */
MN_API int32_t mn_model_input(const mn_model *model, int32_t i);
MN_API int32_t mn_model_output(const mn_model *model, int32_t i);

/** Facts about tensor `index`. Errors: ARGUMENT for an index out of range. */
MN_API mn_status mn_model_tensor(const mn_model *model, int32_t index, mn_tensor_info *out);

/** One operator of the model, in execution order. Pointers live as long as the model. */
typedef struct mn_op_info {
    uint32_t struct_bytes; /**< MN_INIT */
    int32_t version;
    int64_t macs;          /**< multiply-accumulates of one run; 0 where the term has no meaning */
    int64_t parameters;    /**< elements of constant weights and biases this operator reads */
    size_t weight_bytes;   /**< what they take in the file */
    const char *name;      /**< TFLite operator name, "CONV_2D" */
    const int32_t *inputs; /**< tensor indices; -1 for an optional input left out */
    const int32_t *outputs;
    int32_t input_count;
    int32_t output_count;
    char options[96]; /**< "stride 2x2 SAME RELU6", for people */
} mn_op_info;

/** Facts about operator `index`. Errors: ARGUMENT for an index out of range. */
MN_API mn_status mn_model_op(const mn_model *model, int32_t index, mn_op_info *out);

/** Size of the model file, and of the constant tensors in it, in bytes. */
MN_API size_t mn_model_file_bytes(const mn_model *model);
MN_API size_t mn_model_weight_bytes(const mn_model *model);

/** A signature: the file's names of inputs and outputs for one way to call the model. Pointers live as long as the
 *  model. */
typedef struct mn_signature {
    uint32_t struct_bytes; /**< MN_INIT */
    int32_t input_count;
    int32_t output_count;
    int32_t reserved;                /**< 0 */
    const char *key;                 /**< "serving_default" */
    const char *const *input_names;  /**< [input_count] */
    const int32_t *inputs;           /**< [input_count] tensor indices, each an input of the model */
    const char *const *output_names; /**< [output_count] */
    const int32_t *outputs;          /**< [output_count] tensor indices, each an output of the model */
} mn_signature;

/** Number of signatures; those with tensors that are not inputs or outputs of the model are left out. */
MN_API int32_t mn_model_signature_count(const mn_model *model);

/** Signature `index`. Errors: ARGUMENT for an index out of range. */
MN_API mn_status mn_model_signature(const mn_model *model, int32_t index, mn_signature *out);

/** The description string in the file; "" if it has none. */
MN_API const char *mn_model_description(const mn_model *model);

/* ---- Pixels and classes ------------------------------------------------------------------------------- */

/** The source of the input normalisation. */
typedef enum mn_pixel_source {
    MN_PIXELS_ASSUMED = 0,  /**< the file does not define it */
    MN_PIXELS_METADATA,     /**< the file's metadata */
    MN_PIXELS_RESCALING,    /**< a rescaling at the front of the network */
    MN_PIXELS_QUANTISATION, /**< scale and zero point of the input, or of the QUANTIZE that alone reads it */
    MN_PIXELS_GIVEN,        /**< given by the caller; never returned by mn_model_pixels() */
} mn_pixel_source;

/** "assumed", "metadata", "rescaling", "quantisation" or "flag"; static storage. */
MN_API const char *mn_pixel_source_name(mn_pixel_source source);

/** The input normalisation by channel: red, green, blue; three equal values for gray. Pixel p becomes low + p *
 *  (high - low) / 255, which an 8-bit input stores with its scale and zero point. */
typedef struct mn_pixels {
    uint32_t struct_bytes; /**< MN_INIT */
    mn_pixel_source source;
    double low[3], high[3]; /**< the values of pixels 0 and 255 */
    int32_t central_crop;   /**< 1: the file says that the model saw only the central 87.5 % of each side of a photo */
    int32_t reserved;       /**< 0 */
} mn_pixels;

/** The normalisation of the model's first input. Errors: UNSUPPORTED (a rescaling or a quantisation that matches no
 *  range used in training). */
MN_API mn_status mn_model_pixels(const mn_model *model, mn_pixels *out);

/** The file's name of class `index` of output `output`; NULL if it has none. An output of one unit may have two
 *  names, of "no" and of "yes". Lives as long as the model. */
MN_API const char *mn_model_class_name(const mn_model *model, int32_t output, int32_t index);

/* ---- Session ----------------------------------------------------------------------------------------- */

typedef struct mn_session mn_session;

/** A back end that runs operators: mobilenet_delegate.h. */
typedef struct mn_delegate mn_delegate;

/** New dimensions for one model input. */
typedef struct mn_input_shape {
    int32_t input; /**< input number, not tensor index */
    int32_t rank;  /**< 0..MN_MAX_RANK */
    int32_t dims[MN_ROOM_RANK];
} mn_input_shape;

/** As many threads as there are processors for this process. */
#define MN_THREADS_ALL (-1)

/** How to run a model. */
typedef struct mn_session_options {
    uint32_t struct_bytes; /**< MN_INIT */
    /** 1..256, or MN_THREADS_ALL. Default 0: one. The caller of mn_session_run() is one of them; the others spin for
     *  some 50 us after each step and then sleep. Threads beyond the number of free processors stay asleep, so a
     *  high number and several concurrent sessions do no harm. Results are the same for every number. */
    int32_t threads;
    void *arena;          /**< caller's memory for tensors, aligned to 64 bytes; NULL: the session allocates */
    size_t arena_bytes;   /**< size of `arena`; at least mn_session_arena_bytes() of an equal session */
    int32_t keep_tensors; /**< 1: every tensor keeps its own memory and stays readable after a run */
    /** 1: a plan that computes a few rows of each operator in turn and keeps only those that later rows need. It
     *  takes the least memory and more time, mostly on one thread; integer results are the same. Not with
     *  keep_tensors.
     */
    int32_t streamed;
    /** Highest kernel tier, a name of mn_cpu_tier() (mobilenet_inspect.h); NULL: $MOBILENET_CPU, else all. ARGUMENT for
     *  one that this processor does not run, or that the library was built without. */
    const char *cpu;
    const mn_input_shape *input_shapes; /**< inputs to resize; read during create only */
    int32_t input_shape_count;
    /** Images in one run. Default 0: one. The first dimension of every input, which must be 1, and of everything
     *  computed becomes this; images are contiguous, and each gets the same bits as alone. UNSUPPORTED for a model
     *  that mixes them. */
    int32_t batch;
    mn_delegate *const *delegates; /**< [delegate_count] that may take over operators, earlier ones first; they must
                                        outlive the session, the array need not */
    int32_t delegate_count;
    int32_t full_delegation; /**< 1: UNSUPPORTED, with its name, if an operator is left that no delegate runs */
} mn_session_options;

/** Plans the model, binds kernels and memory. `options` NULL means defaults. Nothing is allocated after this.
 *  Errors: ARGUMENT, MEMORY, LIMIT (arena too small or tensors too large), UNSUPPORTED, THREAD. */
MN_API mn_status mn_session_create(const mn_model *model, const mn_session_options *options, mn_session **out);

MN_API void mn_session_close(mn_session **session);

/** Runs the model once. A run may overwrite its inputs: fill them before each one. Errors: ARGUMENT, and those from
 *  MN_ERROR_BACKEND on if a part of the model runs on a back end; outputs are then undefined. */
MN_API mn_status mn_session_run(mn_session *session);

/** Memory of input or output number `i`: write inputs before a run, read outputs after it, until the next
 *  run or close. Owned by the session. NULL when `i` is out of range. */
MN_API void *mn_session_input(mn_session *session, int32_t i);
MN_API const void *mn_session_output(const mn_session *session, int32_t i);

/** Contents of any tensor: constants and outputs always, everything with `keep_tensors`; otherwise NULL. */
MN_API const void *mn_session_tensor_data(const mn_session *session, int32_t tensor);

/** Facts about a tensor with the dimensions of this session (they differ from the model's after resizing). */
MN_API mn_status mn_session_tensor(const mn_session *session, int32_t tensor, mn_tensor_info *out);

/** The same of input or output number `i`. Errors: ARGUMENT for a number out of range. */
MN_API mn_status mn_session_input_info(const mn_session *session, int32_t i, mn_tensor_info *out);
MN_API mn_status mn_session_output_info(const mn_session *session, int32_t i, mn_tensor_info *out);

/** Bytes of the tensor arena; threads in use. */
MN_API size_t mn_session_arena_bytes(const mn_session *session);
MN_API int32_t mn_session_threads(const mn_session *session);

/* ---- Labels ------------------------------------------------------------------------------------------ */

/** Words of ImageNet class `index` (0..999, order of ILSVRC2012), e.g. "boxer"; NULL out of range. */
MN_API const char *mn_imagenet_label(int32_t index);

/** WordNet 3.0 id of ImageNet class `index`, e.g. "n02108089"; NULL out of range. */
MN_API const char *mn_imagenet_wnid(int32_t index);

#ifdef __cplusplus
}
#endif
#endif
