// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

//! Raw bindings of libmobilenet and libmobilenet_image, which this crate compiles from their sources in C and links.
//!
//! Names are those of C; they are documented in the headers `mobilenet.h`, `mobilenet_classify.h`, `mobilenet_image.h`,
//! `mobilenet_delegate.h` and `mobilenet_inspect.h`, whose folder build scripts of dependents find in
//! `DEP_MOBILENET_INCLUDE`. The crate `mobilenet` is the safe interface.
//!
//! A test compares every size, place, constant and prototype with the headers.
#![allow(non_camel_case_types)]

use std::os::raw::{c_char, c_int, c_void};

#[cfg(test)]
mod check;

pub const MN_MAX_RANK: usize = 6;
pub const MN_ROOM_RANK: usize = 8;
pub const MN_THREADS_ALL: i32 = -1;

macro_rules! opaque {
    ($($name:ident)*) => {
        $(
            #[repr(C)]
            pub struct $name {
                _private: [u8; 0],
                _not_send: std::marker::PhantomData<(*mut u8, std::marker::PhantomPinned)>,
            }
        )*
    };
}

/// Enumerations are integers: libraries may have more constants than this crate knows.
macro_rules! constants {
    ($($name:ident { $($constant:ident = $value:expr,)* })*) => {
        $(
            pub type $name = c_int;
            $(pub const $constant: $name = $value;)*
        )*
        #[cfg(test)]
        pub(crate) const CONSTANTS: &[(&str, i64)] = &[$($((stringify!($constant), $value)),*),*];
    };
}

macro_rules! callbacks {
    ($(fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        $(pub type $name = unsafe extern "C" fn($($argument: $type),*) $(-> $result)?;)*
        #[cfg(test)]
        pub(crate) const CALLBACKS: &[check::Function] =
            &[$((stringify!($name), &[$(stringify!($type)),*], concat!($(stringify!($result))?))),*];
    };
}

macro_rules! structs {
    ($(struct $name:ident { $($field:ident: $type:ty,)* })*) => {
        $(
            #[repr(C)]
            #[derive(Clone, Copy, Debug)]
            pub struct $name {
                $(pub $field: $type,)*
            }
            impl $name {
                /// Everything zero, which is the default; `struct_bytes`, where there is one, still has to be set.
                pub fn zeroed() -> Self {
                    // SAFETY: integers, floats, raw pointers and optional functions may all be zero.
                    unsafe { std::mem::MaybeUninit::zeroed().assume_init() }
                }
            }
        )*
        #[cfg(test)]
        pub(crate) fn structs() -> Vec<check::Struct> {
            vec![$({
                let one = $name::zeroed();
                let start = std::ptr::addr_of!(one) as usize;
                let fields = vec![$((
                    stringify!($field), stringify!($type), std::ptr::addr_of!(one.$field) as usize - start,
                    std::mem::size_of::<$type>(),
                )),*];
                (stringify!($name), std::mem::size_of::<$name>(), fields)
            }),*]
        }
    };
}

macro_rules! functions {
    ($(fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        extern "C" {
            $(pub fn $name($($argument: $type),*) $(-> $result)?;)*
        }
        #[cfg(test)]
        pub(crate) const FUNCTIONS: &[check::Function] =
            &[$((stringify!($name), &[$(stringify!($type)),*], concat!($(stringify!($result))?))),*];
    };
}

opaque! {
    mn_model
    mn_session
    mn_delegate
    mn_image
    mn_preprocessor
    mn_classifier
}

constants! {
    mn_status {
        MN_OK = 0,
        MN_ERROR_ARGUMENT = 1,
        MN_ERROR_MEMORY = 2,
        MN_ERROR_IO = 3,
        MN_ERROR_FORMAT = 4,
        MN_ERROR_UNSUPPORTED = 5,
        MN_ERROR_LIMIT = 6,
        MN_ERROR_THREAD = 7,
        MN_ERROR_BACKEND = 8,
        MN_ERROR_DEVICE = 9,
        MN_ERROR_BUSY = 10,
        MN_ERROR_TIMEOUT = 11,
        MN_ERROR_CANCELLED = 12,
    }
    mn_type {
        MN_NONE = 0,
        MN_FLOAT32 = 1,
        MN_FLOAT16 = 2,
        MN_INT8 = 3,
        MN_UINT8 = 4,
        MN_INT32 = 5,
        MN_INT64 = 6,
        MN_INT16 = 7,
    }
    mn_pixel_source {
        MN_PIXELS_ASSUMED = 0,
        MN_PIXELS_METADATA = 1,
        MN_PIXELS_RESCALING = 2,
        MN_PIXELS_QUANTISATION = 3,
        MN_PIXELS_GIVEN = 4,
    }
    mn_pixel_format {
        MN_FORMAT_RGB = 0,
        MN_FORMAT_RGBA = 1,
        MN_FORMAT_BGR = 2,
        MN_FORMAT_BGRA = 3,
        MN_FORMAT_GRAY = 4,
    }
    mn_crop {
        MN_CROP_AUTO = 0,
        MN_CROP_EXACT = 1,
        MN_CROP_CENTRAL = 2,
    }
    mn_resize_filter {
        MN_RESIZE_AUTO = 0,
        MN_RESIZE_NEAREST = 1,
        MN_RESIZE_BOX = 2,
        MN_RESIZE_BILINEAR = 3,
        MN_RESIZE_HAMMING = 4,
        MN_RESIZE_BICUBIC = 5,
        MN_RESIZE_LANCZOS = 6,
    }
    mn_ending_kind {
        MN_ENDS_IN_SOFTMAX = 0,
        MN_ENDS_IN_SCORES = 1,
        MN_ENDS_IN_SIGMOID = 2,
    }
}

callbacks! {
    fn mn_delegate_hear(context: *mut c_void, line: *const c_char);
    fn mn_take_row(context: *mut c_void, rgb: *const u8);
    fn mn_read_rows(itself: *mut c_void, take: Option<mn_take_row>, context: *mut c_void) -> mn_status;
    fn mn_close_reader(itself: *mut c_void);
}

structs! {
    struct mn_quant {
        count: i32,
        axis: i32,
        scale: *const f32,
        zero_point: *const i32,
    }
    struct mn_tensor_info {
        struct_bytes: u32,
        type_: mn_type,
        name: *const c_char,
        rank: i32,
        dims: [i32; MN_ROOM_RANK],
        bytes: usize,
        quant: mn_quant,
        data: *const c_void,
        open_dims: u32,
        reserved: i32,
    }
    struct mn_model_options {
        struct_bytes: u32,
        read: i32,
    }
    struct mn_op_info {
        struct_bytes: u32,
        version: i32,
        macs: i64,
        parameters: i64,
        weight_bytes: usize,
        name: *const c_char,
        inputs: *const i32,
        outputs: *const i32,
        input_count: i32,
        output_count: i32,
        options: [c_char; 96],
    }
    struct mn_signature {
        struct_bytes: u32,
        input_count: i32,
        output_count: i32,
        reserved: i32,
        key: *const c_char,
        input_names: *const *const c_char,
        inputs: *const i32,
        output_names: *const *const c_char,
        outputs: *const i32,
    }
    struct mn_pixels {
        struct_bytes: u32,
        source: mn_pixel_source,
        low: [f64; 3],
        high: [f64; 3],
        central_crop: i32,
        reserved: i32,
    }
    struct mn_input_shape {
        input: i32,
        rank: i32,
        dims: [i32; MN_ROOM_RANK],
    }
    struct mn_session_options {
        struct_bytes: u32,
        threads: i32,
        arena: *mut c_void,
        arena_bytes: usize,
        keep_tensors: i32,
        streamed: i32,
        cpu: *const c_char,
        input_shapes: *const mn_input_shape,
        input_shape_count: i32,
        batch: i32,
        delegates: *const *mut mn_delegate,
        delegate_count: i32,
        full_delegation: i32,
    }
    struct mn_delegation {
        struct_bytes: u32,
        delegate: i32,
        part: i32,
        reserved: i32,
        name: *const c_char,
        reason: *const c_char,
    }
    struct mn_frame {
        struct_bytes: u32,
        format: mn_pixel_format,
        width: i32,
        height: i32,
        orientation: i32,
        reserved: i32,
        pixels: *const c_void,
        stride: isize,
    }
    struct mn_image_reader {
        struct_bytes: u32,
        width: i32,
        height: i32,
        orientation: i32,
        self_: *mut c_void,
        read: Option<mn_read_rows>,
        close: Option<mn_close_reader>,
    }
    struct mn_preprocess_options {
        struct_bytes: u32,
        crop: mn_crop,
        filter: mn_resize_filter,
        has_range: i32,
        has_mean: i32,
        low: f32,
        high: f32,
        mean: [f32; 3],
        deviation: [f32; 3],
    }
    struct mn_preprocess_info {
        struct_bytes: u32,
        type_: mn_type,
        width: i32,
        height: i32,
        channels: i32,
        planes: i32,
        crop: mn_crop,
        filter: mn_resize_filter,
        bytes: usize,
        pixels: *const mn_pixels,
        text: *const c_char,
    }
    struct mn_classifier_options {
        struct_bytes: u32,
        label_count: i32,
        labels: *const *const c_char,
        output: *const c_char,
        session: *const mn_session_options,
        preprocess: *const mn_preprocess_options,
    }
    struct mn_classifier_info {
        struct_bytes: u32,
        ending: mn_ending_kind,
        classes: i32,
        units: i32,
        labels: i32,
        scores_known: i32,
        output: i32,
        reserved: i32,
        output_name: *const c_char,
    }
    struct mn_class {
        index: i32,
        probability: f32,
        score: f32,
        reserved: i32,
        name: *const c_char,
        reserved_too: *const c_void,
    }
    struct mn_image_options {
        struct_bytes: u32,
        max_side: i32,
        max_pixels: i32,
        as_stored: i32,
    }
    struct mn_step_info {
        struct_bytes: u32,
        first_op: i32,
        op_count: i32,
        units: i32,
        grain: i32,
        output_count: i32,
        last_ns: u64,
        outputs: *const i32,
        kernel: *const c_char,
        packed_bytes: usize,
        workspace_bytes: usize,
        ops: *const i32,
        backend: *const c_char,
    }
    struct mn_slice_info {
        struct_bytes: u32,
        step: i32,
        first: i32,
        units: i32,
    }
    struct mn_stream_info {
        struct_bytes: u32,
        chain_count: i32,
        held_bytes: usize,
        arriving_bytes: usize,
    }
    struct mn_layout_info {
        block: i32,
        lanes: i32,
        rows: i32,
        together: i32,
        bias: i32,
    }
    struct mn_placement {
        struct_bytes: u32,
        first: i32,
        last: i32,
        layout: mn_layout_info,
        ring: i32,
        reserved: i32,
        offset: usize,
        bytes: usize,
    }
}

functions! {
    fn mn_version() -> *const c_char;
    fn mn_version_number() -> i32;
    fn mn_status_text(status: mn_status) -> *const c_char;
    fn mn_error_detail() -> *const c_char;
    fn mn_error_set(status: mn_status, sentence: *const c_char) -> mn_status;
    fn mn_type_name(type_: mn_type) -> *const c_char;
    fn mn_type_size(type_: mn_type) -> usize;
    fn mn_tensor_expect(info: *const mn_tensor_info, type_: mn_type, count: usize) -> mn_status;
    fn mn_model_open(path: *const c_char, out: *mut *mut mn_model) -> mn_status;
    fn mn_model_open_with(path: *const c_char, options: *const mn_model_options, out: *mut *mut mn_model) -> mn_status;
    fn mn_model_from_memory(data: *const c_void, bytes: usize, name: *const c_char, out: *mut *mut mn_model) -> mn_status;
    fn mn_model_close(model: *mut *mut mn_model);
    fn mn_model_input_count(model: *const mn_model) -> i32;
    fn mn_model_output_count(model: *const mn_model) -> i32;
    fn mn_model_tensor_count(model: *const mn_model) -> i32;
    fn mn_model_op_count(model: *const mn_model) -> i32;
    fn mn_model_input(model: *const mn_model, i: i32) -> i32;
    fn mn_model_output(model: *const mn_model, i: i32) -> i32;
    fn mn_model_tensor(model: *const mn_model, index: i32, out: *mut mn_tensor_info) -> mn_status;
    fn mn_model_op(model: *const mn_model, index: i32, out: *mut mn_op_info) -> mn_status;
    fn mn_model_file_bytes(model: *const mn_model) -> usize;
    fn mn_model_weight_bytes(model: *const mn_model) -> usize;
    fn mn_model_signature_count(model: *const mn_model) -> i32;
    fn mn_model_signature(model: *const mn_model, index: i32, out: *mut mn_signature) -> mn_status;
    fn mn_model_description(model: *const mn_model) -> *const c_char;
    fn mn_pixel_source_name(source: mn_pixel_source) -> *const c_char;
    fn mn_model_pixels(model: *const mn_model, out: *mut mn_pixels) -> mn_status;
    fn mn_model_class_name(model: *const mn_model, output: i32, index: i32) -> *const c_char;
    fn mn_session_create(model: *const mn_model, options: *const mn_session_options, out: *mut *mut mn_session) -> mn_status;
    fn mn_session_close(session: *mut *mut mn_session);
    fn mn_session_run(session: *mut mn_session) -> mn_status;
    fn mn_session_input(session: *mut mn_session, i: i32) -> *mut c_void;
    fn mn_session_output(session: *const mn_session, i: i32) -> *const c_void;
    fn mn_session_tensor_data(session: *const mn_session, tensor: i32) -> *const c_void;
    fn mn_session_tensor(session: *const mn_session, tensor: i32, out: *mut mn_tensor_info) -> mn_status;
    fn mn_session_input_info(session: *const mn_session, i: i32, out: *mut mn_tensor_info) -> mn_status;
    fn mn_session_output_info(session: *const mn_session, i: i32, out: *mut mn_tensor_info) -> mn_status;
    fn mn_session_arena_bytes(session: *const mn_session) -> usize;
    fn mn_session_threads(session: *const mn_session) -> i32;
    fn mn_imagenet_label(index: i32) -> *const c_char;
    fn mn_imagenet_wnid(index: i32) -> *const c_char;
    fn mn_delegate_open_external(path: *const c_char, options: *const c_char, out: *mut *mut mn_delegate) -> mn_status;
    fn mn_delegate_open_ethosu(out: *mut *mut mn_delegate) -> mn_status;
    fn mn_delegate_listen(delegate: *mut mn_delegate, hear: Option<mn_delegate_hear>, context: *mut c_void);
    fn mn_delegate_close(delegate: *mut *mut mn_delegate);
    fn mn_delegate_name(delegate: *const mn_delegate) -> *const c_char;
    fn mn_session_delegation(session: *const mn_session, op: i32, out: *mut mn_delegation) -> mn_status;
    fn mn_image_from_pixels(frame: *const mn_frame, out: *mut *mut mn_image) -> mn_status;
    fn mn_image_set_pixels(image: *mut mn_image, pixels: *const c_void) -> mn_status;
    fn mn_image_from_reader(reader: *const mn_image_reader, out: *mut *mut mn_image) -> mn_status;
    fn mn_image_size(image: *const mn_image, width: *mut i32, height: *mut i32) -> mn_status;
    fn mn_image_copy(image: *mut mn_image, rgb: *mut u8, bytes: usize) -> mn_status;
    fn mn_image_close(image: *mut *mut mn_image);
    fn mn_resize_filter_name(filter: mn_resize_filter) -> *const c_char;
    fn mn_preprocessor_create(input: *const mn_tensor_info, pixels: *const mn_pixels, options: *const mn_preprocess_options, out: *mut *mut mn_preprocessor) -> mn_status;
    fn mn_preprocessor_describe(preprocessor: *const mn_preprocessor, out: *mut mn_preprocess_info) -> mn_status;
    fn mn_preprocessor_run(preprocessor: *mut mn_preprocessor, image: *mut mn_image, tensor: *mut c_void) -> mn_status;
    fn mn_preprocessor_close(preprocessor: *mut *mut mn_preprocessor);
    fn mn_dequantise(info: *const mn_tensor_info, data: *const c_void, count: i32, out: *mut f32) -> mn_status;
    fn mn_softmax(values: *mut f32, count: i32) -> mn_status;
    fn mn_top_k(values: *const f32, count: i32, k: i32, out: *mut i32) -> mn_status;
    fn mn_ending_name(kind: mn_ending_kind) -> *const c_char;
    fn mn_classifier_create(model: *const mn_model, options: *const mn_classifier_options, out: *mut *mut mn_classifier) -> mn_status;
    fn mn_classifier_close(classifier: *mut *mut mn_classifier);
    fn mn_classifier_describe(classifier: *const mn_classifier, out: *mut mn_classifier_info) -> mn_status;
    fn mn_classifier_describe_input(classifier: *const mn_classifier, out: *mut mn_preprocess_info) -> mn_status;
    fn mn_classifier_name(classifier: *const mn_classifier, index: i32) -> *const c_char;
    fn mn_classify(classifier: *mut mn_classifier, image: *mut mn_image, k: i32, best: *mut mn_class, count: *mut i32) -> mn_status;
    fn mn_classifier_show(classifier: *mut mn_classifier, image: *mut mn_image) -> mn_status;
    fn mn_classifier_run(classifier: *mut mn_classifier) -> mn_status;
    fn mn_classifier_best(classifier: *mut mn_classifier, k: i32, best: *mut mn_class, count: *mut i32) -> mn_status;
    fn mn_classifier_probabilities(classifier: *const mn_classifier) -> *const f32;
    fn mn_classifier_scores(classifier: *const mn_classifier) -> *const f32;
    fn mn_classifier_session(classifier: *mut mn_classifier) -> *mut mn_session;
    fn mn_image_open(path: *const c_char, options: *const mn_image_options, out: *mut *mut mn_image) -> mn_status;
    fn mn_image_from_memory(data: *const c_void, bytes: usize, name: *const c_char, options: *const mn_image_options, out: *mut *mut mn_image) -> mn_status;
    fn mn_cpu_tier(i: i32) -> *const c_char;
    fn mn_session_step_count(session: *const mn_session) -> i32;
    fn mn_session_step(session: *const mn_session, index: i32, out: *mut mn_step_info) -> mn_status;
    fn mn_session_profile(session: *mut mn_session, on: bool);
    fn mn_session_slice_count(session: *const mn_session) -> i32;
    fn mn_session_slice(session: *const mn_session, index: i32, out: *mut mn_slice_info) -> mn_status;
    fn mn_session_stream(session: *const mn_session, out: *mut mn_stream_info) -> mn_status;
    fn mn_session_packed_bytes(session: *const mn_session) -> usize;
    fn mn_session_placement(session: *const mn_session, tensor: i32, out: *mut mn_placement) -> mn_status;
}
