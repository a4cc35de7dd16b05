/* SPDX-License-Identifier: MIT
 * Copyright the mobilenet.c authors */

/* The binary interface between TensorFlow Lite and external delegates, as both sides see it. Declarations of our own,
 * from the sizes and offsets that compiled programs have; no header of TensorFlow is needed. Names are tfl_ and the
 * original's name in words that belong here: tfl_tensor is TfLiteTensor.
 *
 * Beside fields stands the version of TensorFlow that brought them, where one after 2.9 did; what has none is in every
 * delegate since 2.9. Layouts hold for 32- and 64-bit processors, which static assertions below check, and are not
 * those of TensorFlow Lite Micro.
 *
 * Enumerations are 32-bit integers here: any value may come from the other side. */
#ifndef MN_DELEGATE_TFLITE_ABI_H
#define MN_DELEGATE_TFLITE_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Enumerations ------------------------------------------------------------------------------------------ */

typedef int32_t tfl_status;
enum {
    TFL_OK = 0,
    TFL_ERROR = 1,
    TFL_DELEGATE_ERROR = 2,
    TFL_APPLICATION_ERROR = 3,
    TFL_DELEGATE_DATA_NOT_FOUND = 4,
    TFL_DELEGATE_DATA_WRITE_ERROR = 5,
    TFL_DELEGATE_DATA_READ_ERROR = 6,
    TFL_UNRESOLVED_OPS = 7,
    TFL_CANCELLED = 8,
    TFL_OUTPUT_SHAPE_NOT_KNOWN = 9,
};

typedef int32_t tfl_type;
enum {
    TFL_NO_TYPE = 0,
    TFL_FLOAT32 = 1,
    TFL_INT32 = 2,
    TFL_UINT8 = 3,
    TFL_INT64 = 4,
    TFL_STRING = 5,
    TFL_BOOL = 6,
    TFL_INT16 = 7,
    TFL_INT8 = 9,
    TFL_FLOAT16 = 10,
};

/** Where the contents of a tensor lie. Delegates take TFL_MMAP_RO for "constant". */
typedef int32_t tfl_allocation;
enum {
    TFL_MEM_NONE = 0,
    TFL_MMAP_RO = 1,
    TFL_ARENA_RW = 2,
    TFL_ARENA_RW_PERSISTENT = 3,
    TFL_DYNAMIC = 4,
    TFL_PERSISTENT_RO = 5,
    TFL_CUSTOM = 6,
};

typedef int32_t tfl_quantization_type;
enum { TFL_NO_QUANTIZATION = 0, TFL_AFFINE_QUANTIZATION = 1 };

typedef int32_t tfl_padding;
enum { TFL_PADDING_UNKNOWN = 0, TFL_PADDING_SAME = 1, TFL_PADDING_VALID = 2 }; /* not the numbers of files */

typedef int32_t tfl_activation; /* the numbers of files */
enum { TFL_ACT_NONE = 0, TFL_ACT_RELU = 1, TFL_ACT_RELU_N1_TO_1 = 2, TFL_ACT_RELU6 = 3 };

enum { TFL_CODE_DELEGATE = 51 }; /* builtin code of the node that stands for a delegate's part */
enum { TFL_NO_BUFFER_HANDLE = -1 };

/** Flags of a delegate. */
enum {
    TFL_FLAG_DYNAMIC_TENSORS = 1,
    TFL_FLAG_PROPAGATED_SHAPES = 2,
    TFL_FLAG_PROFILING = 4,       /* 2.12 */
    TFL_FLAG_FULLY_DELEGATED = 8, /* 2025-12 */
};

/* ---- Tensors ----------------------------------------------------------------------------------------------- */

/** From malloc(); freed with free(). */
typedef struct tfl_int_array {
    int32_t size;
    int32_t data[]; /* [size] */
} tfl_int_array;

typedef struct tfl_float_array {
    int32_t size;
    float data[]; /* [size] */
} tfl_float_array;

/** The older form of quantisation, per tensor: scale 0 where there is none. */
typedef struct tfl_quantization_params {
    float scale;
    int32_t zero_point;
} tfl_quantization_params;

typedef struct tfl_quantization {
    tfl_quantization_type type;
    void *params; /* tfl_affine_quantization, or NULL */
} tfl_quantization;

typedef struct tfl_affine_quantization {
    tfl_float_array *scale;
    tfl_int_array *zero_point; /* as many as scales */
    int32_t quantized_dimension;
} tfl_affine_quantization;

typedef union tfl_pointer {
    void *data;
    const void *constant;
    int8_t *int8;
    int32_t *int32;
} tfl_pointer;

typedef struct tfl_delegate tfl_delegate;

typedef struct tfl_tensor {
    tfl_type type;
    tfl_pointer data; /* NULL: none, as inside a delegate's part */
    tfl_int_array *dims;
    tfl_quantization_params params;
    tfl_allocation allocation_type;
    size_t bytes;
    const void *allocation;
    const char *name;
    tfl_delegate *delegate; /* that made the buffer */
    int32_t buffer_handle;  /* of that delegate; TFL_NO_BUFFER_HANDLE */
    bool data_is_stale;     /* `data` lags behind the buffer */
    bool is_variable;
    tfl_quantization quantization;
    void *sparsity;
    const tfl_int_array *dims_signature; /* -1 for a dimension that the file leaves open; NULL or empty: none is */
} tfl_tensor;

/* ---- Nodes ------------------------------------------------------------------------------------------------- */

typedef struct tfl_node {
    tfl_int_array *inputs; /* numbers of tensors; TFL_OPTIONAL_TENSOR for one left out */
    tfl_int_array *outputs;
    tfl_int_array *intermediates;
    tfl_int_array *temporaries;
    void *user_data;    /* what `init` of its registration returned */
    void *builtin_data; /* options as one of the structs below; of a delegate's part its tfl_delegate_params */
    const void *custom_initial_data;
    int32_t custom_initial_data_size;
    tfl_delegate *delegate; /* whose part it is */
    bool might_have_side_effect;
} tfl_node;

typedef struct tfl_context tfl_context;

/* How to run a node. Handed over BY VALUE by delegates, in the size of the headers they were built with, so that only
 * the fields of 2.9 are there for certain; and fields after `version` may never have been set. */

#define TFL_REGISTRATION_FIELDS                                                                                        \
    void *(*init)(tfl_context *, const char *buffer, size_t length);                                                   \
    void (*free)(tfl_context *, void *user_data);                                                                      \
    tfl_status (*prepare)(tfl_context *, tfl_node *);                                                                  \
    tfl_status (*invoke)(tfl_context *, tfl_node *);                                                                   \
    const char *(*profiling_string)(const tfl_context *, const tfl_node *);                                            \
    int32_t builtin_code;                                                                                              \
    const char *custom_name;                                                                                           \
    int32_t version;

/** 2.9: what every registration has. */
typedef struct tfl_registration_2_9 {
    TFL_REGISTRATION_FIELDS
} tfl_registration_2_9;

/** 2.10 to 2.12. */
typedef struct tfl_registration_2_10 {
    TFL_REGISTRATION_FIELDS
    void *registration_external;
} tfl_registration_2_10;

/** 2.13. */
typedef struct tfl_registration_2_13 {
    TFL_REGISTRATION_FIELDS
    void *registration_external;
    void *async_kernel;
} tfl_registration_2_13;

/** Since 2.14. What is handed out is of this size, and zero where nothing is known. */
typedef struct tfl_registration {
    TFL_REGISTRATION_FIELDS
    void *registration_external; /* 2.10 */
    void *async_kernel;          /* 2.13 */
    uint64_t inplace_operator;   /* 2.14 */
} tfl_registration;

typedef tfl_status tfl_replace_node_subsets(tfl_context *, tfl_registration, const tfl_int_array *nodes,
                                            tfl_delegate *);

/** One part of a delegate: `buffer` of `init`, whose `length` is 0. */
typedef struct tfl_delegate_params {
    tfl_delegate *delegate;
    tfl_int_array *nodes_to_replace;
    tfl_int_array *input_tensors; /* constants among them */
    tfl_int_array *output_tensors;
} tfl_delegate_params;

/** Something that whoever links with the runtime lends to delegates. */
typedef int32_t tfl_external_context_type;
enum { TFL_EXTERNAL_CONTEXTS = 5 };
typedef struct tfl_external_context {
    tfl_external_context_type type;
    tfl_status (*refresh)(tfl_context *);
} tfl_external_context;

/* ---- Context ----------------------------------------------------------------------------------------------- */

/** What the runtime is to a delegate. The first seven that work on a graph do so only while its `prepare` runs. */
struct tfl_context {
    size_t tensors_size;
    /** The array is the context's, until the next call. */
    tfl_status (*get_execution_plan)(tfl_context *, tfl_int_array **plan);
    tfl_tensor *tensors; /* may move when tensors are added */
    void *impl;          /* the runtime's own */
    /** `dims` becomes the runtime's, whatever is returned. */
    tfl_status (*resize_tensor)(tfl_context *, tfl_tensor *, tfl_int_array *dims);
    void (*report_error)(tfl_context *, const char *format, ...);
    tfl_status (*add_tensors)(tfl_context *, int count, int *first);
    tfl_status (*get_node_and_registration)(tfl_context *, int index, tfl_node **, tfl_registration **);
    tfl_replace_node_subsets *replace_node_subsets;
    int32_t recommended_num_threads; /* -1: whatever the delegate likes */
    tfl_external_context *(*get_external_context)(tfl_context *, tfl_external_context_type);
    void (*set_external_context)(tfl_context *, tfl_external_context_type, tfl_external_context *);
    bool allow_fp32_relax_to_fp16;
    void *profiler;
    void *(*allocate_persistent_buffer)(tfl_context *, size_t bytes);
    tfl_status (*allocate_buffer_for_eval)(tfl_context *, size_t bytes, void **out);
    tfl_status (*request_scratch_buffer)(tfl_context *, size_t bytes, int *index);
    void *(*get_scratch_buffer)(tfl_context *, int index);
    /** As resize_tensor of a rank and an array that stay the caller's. */
    tfl_status (*resize_tensor_explicit)(tfl_context *, tfl_tensor *, int rank, const int *dims);
    /** What replace_node_subsets would make; the array is the context's, until the next call. */
    tfl_status (*preview_partitioning)(tfl_context *, const tfl_int_array *nodes, tfl_delegate_params **parts,
                                       int *count);
    tfl_tensor *(*get_tensor)(const tfl_context *, int index);
    void *(*get_eval_tensor)(const tfl_context *, int index); /* NULL outside Micro */
    tfl_status (*get_model_metadata)(const tfl_context *, const char *name, const char **data, size_t *bytes);
    tfl_status (*acquire_subgraph_context)(tfl_context *, int subgraph, tfl_context **); /* 2.14 */
    tfl_status (*release_subgraph_context)(tfl_context *, int subgraph);                 /* 2.14 */
};

/* ---- Delegate ---------------------------------------------------------------------------------------------- */

/** Made by the plugin. Those built with 2.9 and 2.10 end before opaque_delegate_builder: a host must not read it, and a
 *  plugin must have it and leave it NULL. */
struct tfl_delegate {
    void *data;
    tfl_status (*prepare)(tfl_context *, tfl_delegate *);
    tfl_status (*copy_from_buffer_handle)(tfl_context *, tfl_delegate *, int32_t handle, tfl_tensor *);
    tfl_status (*copy_to_buffer_handle)(tfl_context *, tfl_delegate *, int32_t handle, tfl_tensor *);
    void (*free_buffer_handle)(tfl_context *, tfl_delegate *, int32_t *handle);
    int64_t flags;
    void *opaque_delegate_builder; /* 2.11 */
};

/** What a plugin exports, under the names behind. NULL: it could not be made; report_error may be NULL, too. */
typedef tfl_delegate *tfl_create_delegate(const char *const *keys, const char *const *values, size_t count,
                                          void (*report_error)(const char *));
typedef void tfl_destroy_delegate(tfl_delegate *);
#define TFL_CREATE_NAME "tflite_plugin_create_delegate"
#define TFL_DESTROY_NAME "tflite_plugin_destroy_delegate"

/* ---- Options of operators: builtin_data -------------------------------------------------------------------- */

/* Some delegates copy as many bytes as the struct of their own headers has, so a host gives at least
 * TFL_BUILTIN_BYTES, zeroed; and a delegate reads no field that its runtime may lack. Every byte has a name here, so
 * that what is written is the same on every run: keys of caches are hashes of it. */
enum { TFL_BUILTIN_BYTES = 128 };

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

typedef struct tfl_conv_options {
    tfl_padding padding;
    int32_t stride_width, stride_height;
    tfl_activation activation;
    int32_t dilation_width_factor, dilation_height_factor;
    tfl_type quantized_bias_type; /* after 2.14 */
} tfl_conv_options;

typedef struct tfl_depthwise_conv_options {
    tfl_padding padding;
    int32_t stride_width, stride_height;
    int32_t depth_multiplier;
    tfl_activation activation;
    int32_t dilation_width_factor, dilation_height_factor;
} tfl_depthwise_conv_options;

typedef struct tfl_pool_options {
    tfl_padding padding;
    int32_t stride_width, stride_height;
    int32_t filter_width, filter_height;
    tfl_activation activation;
    int32_t computed_width, computed_height, computed_width_offset, computed_height_offset; /* padding, by `prepare` */
} tfl_pool_options;

typedef struct tfl_fully_connected_options {
    tfl_activation activation;
    int32_t weights_format; /* 0: default, 1: shuffled 4x16 int8 */
    bool keep_num_dims;
    bool asymmetric_quantize_inputs;
    uint8_t unused[2];
    tfl_type quantized_bias_type; /* after 2.14 */
} tfl_fully_connected_options;

/** ADD and SUB. */
typedef struct tfl_add_options {
    tfl_activation activation;
    bool pot_scale_int16;
    uint8_t unused[3];
} tfl_add_options;

/** MUL and DIV. */
typedef struct tfl_mul_options {
    tfl_activation activation;
} tfl_mul_options;

typedef struct tfl_softmax_options {
    float beta;
} tfl_softmax_options;

typedef struct tfl_concatenation_options {
    int32_t axis;
    tfl_activation activation;
} tfl_concatenation_options;

/** MEAN, SUM, REDUCE_MAX, REDUCE_PROD; the axes are input 1. */
typedef struct tfl_reducer_options {
    bool keep_dims;
} tfl_reducer_options;

typedef struct tfl_reshape_options {
    int32_t shape[8];
    int32_t num_dimensions;
} tfl_reshape_options;

typedef struct tfl_squeeze_options {
    int32_t squeeze_dims[8];
    int32_t num_squeeze_dims;
} tfl_squeeze_options;

/** RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR. */
typedef struct tfl_resize_options {
    bool align_corners;
    bool half_pixel_centers;
} tfl_resize_options;

typedef struct tfl_strided_slice_options {
    int32_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;
    bool offset; /* after 2.12 */
    uint8_t unused[3];
} tfl_strided_slice_options;

/** PACK and UNPACK. */
typedef struct tfl_pack_options {
    int32_t count;
    int32_t axis;
} tfl_pack_options;

/** SPLIT and SPLIT_V. */
typedef struct tfl_split_options {
    int32_t num_splits;
} tfl_split_options;

typedef struct tfl_gather_options {
    int32_t axis;
    int32_t batch_dims;
} tfl_gather_options;

typedef struct tfl_cast_options {
    tfl_type in_data_type, out_data_type;
} tfl_cast_options;

typedef struct tfl_shape_options {
    tfl_type out_type;
} tfl_shape_options;

typedef struct tfl_leaky_relu_options {
    float alpha;
} tfl_leaky_relu_options;

#pragma GCC diagnostic pop

/* ---- Layouts ----------------------------------------------------------------------------------------------- */

#if UINTPTR_MAX > 0xffffffff
#define TFL_BITS_64(on64, on32) (on64)
#else
#define TFL_BITS_64(on64, on32) (on32)
#endif

#define TFL_SIZE(type, on64, on32)                                                                                     \
    _Static_assert(sizeof(type) == TFL_BITS_64(on64, on32), "size of " #type " in TensorFlow Lite")
#define TFL_AT(type, field, on64, on32)                                                                                \
    _Static_assert(offsetof(type, field) == TFL_BITS_64(on64, on32), "place of " #field " in TensorFlow Lite")

TFL_SIZE(tfl_int_array, 4, 4);
TFL_SIZE(tfl_float_array, 4, 4);
TFL_SIZE(tfl_quantization_params, 8, 8);
TFL_SIZE(tfl_quantization, 16, 8);
TFL_AT(tfl_quantization, params, 8, 4);
TFL_SIZE(tfl_affine_quantization, 24, 12);
TFL_AT(tfl_affine_quantization, zero_point, 8, 4);
TFL_AT(tfl_affine_quantization, quantized_dimension, 16, 8);
TFL_SIZE(tfl_pointer, 8, 4);

TFL_SIZE(tfl_tensor, 112, 64);
TFL_AT(tfl_tensor, type, 0, 0);
TFL_AT(tfl_tensor, data, 8, 4);
TFL_AT(tfl_tensor, dims, 16, 8);
TFL_AT(tfl_tensor, params, 24, 12);
TFL_AT(tfl_tensor, allocation_type, 32, 20);
TFL_AT(tfl_tensor, bytes, 40, 24);
TFL_AT(tfl_tensor, allocation, 48, 28);
TFL_AT(tfl_tensor, name, 56, 32);
TFL_AT(tfl_tensor, delegate, 64, 36);
TFL_AT(tfl_tensor, buffer_handle, 72, 40);
TFL_AT(tfl_tensor, data_is_stale, 76, 44);
TFL_AT(tfl_tensor, is_variable, 77, 45);
TFL_AT(tfl_tensor, quantization, 80, 48);
TFL_AT(tfl_tensor, sparsity, 96, 56);
TFL_AT(tfl_tensor, dims_signature, 104, 60);

TFL_SIZE(tfl_node, 80, 40);
TFL_AT(tfl_node, inputs, 0, 0);
TFL_AT(tfl_node, outputs, 8, 4);
TFL_AT(tfl_node, intermediates, 16, 8);
TFL_AT(tfl_node, temporaries, 24, 12);
TFL_AT(tfl_node, user_data, 32, 16);
TFL_AT(tfl_node, builtin_data, 40, 20);
TFL_AT(tfl_node, custom_initial_data, 48, 24);
TFL_AT(tfl_node, custom_initial_data_size, 56, 28);
TFL_AT(tfl_node, delegate, 64, 32);
TFL_AT(tfl_node, might_have_side_effect, 72, 36);

TFL_SIZE(tfl_registration_2_9, 64, 32);
TFL_SIZE(tfl_registration_2_10, 72, 36);
TFL_SIZE(tfl_registration_2_13, 80, 40);
TFL_SIZE(tfl_registration, 88, 48);
TFL_AT(tfl_registration, init, 0, 0);
TFL_AT(tfl_registration, free, 8, 4);
TFL_AT(tfl_registration, prepare, 16, 8);
TFL_AT(tfl_registration, invoke, 24, 12);
TFL_AT(tfl_registration, profiling_string, 32, 16);
TFL_AT(tfl_registration, builtin_code, 40, 20);
TFL_AT(tfl_registration, custom_name, 48, 24);
TFL_AT(tfl_registration, version, 56, 28);
TFL_AT(tfl_registration, registration_external, 64, 32);
TFL_AT(tfl_registration, async_kernel, 72, 36);
TFL_AT(tfl_registration, inplace_operator, 80, 40);

TFL_SIZE(tfl_delegate_params, 32, 16);
TFL_AT(tfl_delegate_params, delegate, 0, 0);
TFL_AT(tfl_delegate_params, nodes_to_replace, 8, 4);
TFL_AT(tfl_delegate_params, input_tensors, 16, 8);
TFL_AT(tfl_delegate_params, output_tensors, 24, 12);
TFL_SIZE(tfl_external_context, 16, 8);
TFL_AT(tfl_external_context, refresh, 8, 4);

TFL_SIZE(tfl_context, 200, 100);
TFL_AT(tfl_context, tensors_size, 0, 0);
TFL_AT(tfl_context, get_execution_plan, 8, 4);
TFL_AT(tfl_context, tensors, 16, 8);
TFL_AT(tfl_context, impl, 24, 12);
TFL_AT(tfl_context, resize_tensor, 32, 16);
TFL_AT(tfl_context, report_error, 40, 20);
TFL_AT(tfl_context, add_tensors, 48, 24);
TFL_AT(tfl_context, get_node_and_registration, 56, 28);
TFL_AT(tfl_context, replace_node_subsets, 64, 32);
TFL_AT(tfl_context, recommended_num_threads, 72, 36);
TFL_AT(tfl_context, get_external_context, 80, 40);
TFL_AT(tfl_context, set_external_context, 88, 44);
TFL_AT(tfl_context, allow_fp32_relax_to_fp16, 96, 48);
TFL_AT(tfl_context, profiler, 104, 52);
TFL_AT(tfl_context, allocate_persistent_buffer, 112, 56);
TFL_AT(tfl_context, allocate_buffer_for_eval, 120, 60);
TFL_AT(tfl_context, request_scratch_buffer, 128, 64);
TFL_AT(tfl_context, get_scratch_buffer, 136, 68);
TFL_AT(tfl_context, resize_tensor_explicit, 144, 72);
TFL_AT(tfl_context, preview_partitioning, 152, 76);
TFL_AT(tfl_context, get_tensor, 160, 80);
TFL_AT(tfl_context, get_eval_tensor, 168, 84);
TFL_AT(tfl_context, get_model_metadata, 176, 88);
TFL_AT(tfl_context, acquire_subgraph_context, 184, 92);
TFL_AT(tfl_context, release_subgraph_context, 192, 96);

/* 64-bit integers in structs lie at multiples of 4 on 32-bit x86 under System V, of 8 elsewhere. */
#if defined(__i386__) && !defined(_WIN32)
TFL_SIZE(tfl_delegate, 56, 32);
TFL_AT(tfl_delegate, flags, 40, 20);
TFL_AT(tfl_delegate, opaque_delegate_builder, 48, 28);
#else
TFL_SIZE(tfl_delegate, 56, 40);
TFL_AT(tfl_delegate, flags, 40, 24);
TFL_AT(tfl_delegate, opaque_delegate_builder, 48, 32);
#endif
TFL_AT(tfl_delegate, data, 0, 0);
TFL_AT(tfl_delegate, prepare, 8, 4);
TFL_AT(tfl_delegate, copy_from_buffer_handle, 16, 8);
TFL_AT(tfl_delegate, copy_to_buffer_handle, 24, 12);
TFL_AT(tfl_delegate, free_buffer_handle, 32, 16);

TFL_SIZE(tfl_conv_options, 28, 28);
TFL_AT(tfl_conv_options, quantized_bias_type, 24, 24);
TFL_SIZE(tfl_depthwise_conv_options, 28, 28);
TFL_AT(tfl_depthwise_conv_options, depth_multiplier, 12, 12);
TFL_SIZE(tfl_pool_options, 40, 40);
TFL_AT(tfl_pool_options, activation, 20, 20);
TFL_SIZE(tfl_fully_connected_options, 16, 16);
TFL_AT(tfl_fully_connected_options, keep_num_dims, 8, 8);
TFL_AT(tfl_fully_connected_options, quantized_bias_type, 12, 12);
TFL_SIZE(tfl_add_options, 8, 8);
TFL_SIZE(tfl_mul_options, 4, 4);
TFL_SIZE(tfl_softmax_options, 4, 4);
TFL_SIZE(tfl_concatenation_options, 8, 8);
TFL_SIZE(tfl_reducer_options, 1, 1);
TFL_SIZE(tfl_reshape_options, 36, 36);
TFL_SIZE(tfl_squeeze_options, 36, 36);
TFL_SIZE(tfl_resize_options, 2, 2);
TFL_SIZE(tfl_strided_slice_options, 24, 24);
TFL_SIZE(tfl_pack_options, 8, 8);
TFL_SIZE(tfl_split_options, 4, 4);
TFL_SIZE(tfl_gather_options, 8, 8);
TFL_SIZE(tfl_cast_options, 8, 8);
TFL_SIZE(tfl_shape_options, 4, 4);
TFL_SIZE(tfl_leaky_relu_options, 4, 4);

#endif
