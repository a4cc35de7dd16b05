// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

use std::marker::PhantomData;
use std::os::raw::c_void;
use std::ptr::{self, NonNull};
use std::slice;

use mobilenet_sys as sys;

use crate::error::{check, in_c, sized};
use crate::{Delegate, Element, Error, Model, Result, TensorInfo};

/// As many threads as there are processors for this process.
pub const THREADS_ALL: i32 = sys::MN_THREADS_ALL;

/// How to run a model; the default is one thread, all of the processor's instructions and the model's own shapes.
#[derive(Clone, Debug, Default)]
pub struct SessionOptions<'a> {
    /// 1..256, or [`THREADS_ALL`]; 0: one. Results are the same for every number.
    pub threads: i32,
    /// Every tensor stays readable after a run.
    pub keep_tensors: bool,
    /// Computes row by row, in the least memory.
    pub streamed: bool,
    /// The highest tier of kernels.
    pub cpu: Option<String>,
    /// Other dimensions for some inputs, by their numbers.
    pub input_shapes: Vec<(i32, Vec<i32>)>,
    /// Images in one run; 0: one.
    pub batch: i32,
    /// Who may take over operators, the first ones first.
    pub delegates: Vec<&'a Delegate>,
    /// An operator that no delegate runs is an error.
    pub full_delegation: bool,
}

impl SessionOptions<'_> {
    /// Calls `with` with the options in C, whose pointers last for the call.
    pub(crate) fn in_c<T>(&self, with: impl FnOnce(&sys::mn_session_options) -> Result<T>) -> Result<T> {
        let cpu = self.cpu.as_ref().map(|name| in_c("the tier", name.as_str())).transpose()?;
        let delegates: Vec<_> = self.delegates.iter().map(|delegate| delegate.raw()).collect();
        let shapes: Vec<_> = self.input_shapes.iter().map(|(input, dims)| shape_in_c(*input, dims)).collect();
        let mut options = sized!(sys::mn_session_options);
        options.threads = self.threads;
        options.keep_tensors = self.keep_tensors.into();
        options.streamed = self.streamed.into();
        options.cpu = cpu.as_ref().map_or(ptr::null(), |name| name.as_ptr());
        options.input_shapes = shapes.as_ptr();
        options.input_shape_count = shapes.len() as i32;
        options.batch = self.batch;
        options.delegates = delegates.as_ptr();
        options.delegate_count = delegates.len() as i32;
        options.full_delegation = self.full_delegation.into();
        with(&options)
    }
}

/// More dimensions than there can be are counted, which is refused, and not copied.
fn shape_in_c(input: i32, dims: &[i32]) -> sys::mn_input_shape {
    let mut shape = sys::mn_input_shape::zeroed();
    shape.input = input;
    shape.rank = dims.len() as i32;
    for (to, from) in shape.dims.iter_mut().zip(dims) {
        *to = *from;
    }
    shape
}

/// A model with its memory and threads, ready to run; nothing is allocated after it is made.
#[derive(Debug)]
pub struct Session<'model> {
    raw: NonNull<sys::mn_session>,
    model: PhantomData<&'model ()>,
}

// SAFETY: a session belongs to one thread at a time, whichever (mobilenet.h). It is not Sync.
unsafe impl Send for Session<'_> {}

impl<'model> Session<'model> {
    pub fn new(model: &'model Model<'_>, options: &SessionOptions<'model>) -> Result<Self> {
        let mut raw = ptr::null_mut();
        // SAFETY: the model and the delegates outlive the session, by its lifetime.
        options.in_c(|options| check(unsafe { sys::mn_session_create(model.raw(), options, &mut raw) }))?;
        Ok(Session { raw: NonNull::new(raw).expect("a session"), model: PhantomData })
    }

    /// Runs the model once. Inputs keep their contents only until then: fill them before each run.
    pub fn run(&mut self) -> Result<()> {
        // SAFETY: the session is open, here and below.
        check(unsafe { sys::mn_session_run(self.raw.as_ptr()) })
    }

    /// Facts about input number `i` in this session.
    pub fn input_info(&self, i: i32) -> Result<TensorInfo<'model>> {
        let mut info = sized!(sys::mn_tensor_info);
        check(unsafe { sys::mn_session_input_info(self.raw.as_ptr(), i, &mut info) })?;
        Ok(unsafe { TensorInfo::new(info) })
    }

    /// Facts about output number `i` in this session.
    pub fn output_info(&self, i: i32) -> Result<TensorInfo<'model>> {
        let mut info = sized!(sys::mn_tensor_info);
        check(unsafe { sys::mn_session_output_info(self.raw.as_ptr(), i, &mut info) })?;
        Ok(unsafe { TensorInfo::new(info) })
    }

    /// The elements of input number `i`, to be written before a run. Errors: no such input, another type.
    pub fn input_mut<T: Element>(&mut self, i: i32) -> Result<&mut [T]> {
        let info = self.input_info(i)?;
        info.expect::<T>(0)?;
        // SAFETY: the session's memory of so many elements of this type, aligned, which nobody else has while self is
        // borrowed.
        Ok(unsafe { slice::from_raw_parts_mut(sys::mn_session_input(self.raw.as_ptr(), i).cast(), info.len()) })
    }

    /// Copies `values` to input number `i`. Errors: no such input, another type or number.
    pub fn set_input<T: Element>(&mut self, i: i32, values: &[T]) -> Result<()> {
        self.input_info(i)?.expect::<T>(values.len().max(1))?;
        self.input_mut(i)?.copy_from_slice(values);
        Ok(())
    }

    /// The elements of output number `i`, until the next run. Errors: no such output, another type.
    pub fn output<T: Element>(&self, i: i32) -> Result<&[T]> {
        let info = self.output_info(i)?;
        info.expect::<T>(0)?;
        // SAFETY: as for inputs; runs need self alone.
        Ok(unsafe { slice::from_raw_parts(sys::mn_session_output(self.raw.as_ptr(), i).cast(), info.len()) })
    }

    /// Real values of output number `i`, whatever its type.
    pub fn real_output(&self, i: i32) -> Result<Vec<f32>> {
        let info = self.output_info(i)?;
        let mut values = vec![0.0; info.len()];
        // SAFETY: as many elements as there are, and room for them.
        check(unsafe {
            let data: *const c_void = sys::mn_session_output(self.raw.as_ptr(), i);
            sys::mn_dequantise(info.raw(), data, values.len() as i32, values.as_mut_ptr())
        })?;
        Ok(values)
    }

    /// Facts about a tensor, by its index in the model, in this session.
    pub fn tensor_info(&self, index: i32) -> Result<TensorInfo<'model>> {
        let mut info = sized!(sys::mn_tensor_info);
        check(unsafe { sys::mn_session_tensor(self.raw.as_ptr(), index, &mut info) })?;
        Ok(unsafe { TensorInfo::new(info) })
    }

    /// The elements of a tensor, by its index in the model: constants, outputs, and with
    /// [`SessionOptions::keep_tensors`] all others. Errors: no such tensor, another type, one that is not kept.
    pub fn tensor<T: Element>(&self, index: i32) -> Result<&[T]> {
        let info = self.tensor_info(index)?;
        info.expect::<T>(0)?;
        let data = unsafe { sys::mn_session_tensor_data(self.raw.as_ptr(), index) };
        if data.is_null() {
            let sentence = format!("the tensor '{}' is not kept; create the session with keep_tensors", info.name());
            return Err(Error::argument(sentence));
        }
        // SAFETY: as for outputs.
        Ok(unsafe { slice::from_raw_parts(data.cast(), info.len()) })
    }

    /// Bytes of memory for tensors.
    pub fn arena_bytes(&self) -> usize {
        unsafe { sys::mn_session_arena_bytes(self.raw.as_ptr()) }
    }

    /// Threads in use.
    pub fn threads(&self) -> i32 {
        unsafe { sys::mn_session_threads(self.raw.as_ptr()) }
    }

    pub(crate) fn raw(&self) -> *mut sys::mn_session {
        self.raw.as_ptr()
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        let mut raw = self.raw.as_ptr();
        unsafe { sys::mn_session_close(&mut raw) }
    }
}
