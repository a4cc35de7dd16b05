// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

use std::marker::PhantomData;
use std::path::Path;
use std::ptr::{self, NonNull};

use mobilenet_sys as sys;

use crate::error::{check, in_c, path_in_c, sized, text};
use crate::{Result, Signature, TensorInfo};

/// A `.tflite` file, checked, with its packed weights. It never changes, and any number of sessions may use it at once.
#[derive(Debug)]
pub struct Model<'bytes> {
    raw: NonNull<sys::mn_model>,
    bytes: PhantomData<&'bytes [u8]>,
}

// SAFETY: an mn_model is immutable and may be shared between threads (mobilenet.h).
unsafe impl Send for Model<'_> {}
unsafe impl Sync for Model<'_> {}

impl Model<'static> {
    /// Reads the file at `path` and checks it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let mut options = sized!(sys::mn_model_options);
        options.read = 1;
        Self::open_with(path.as_ref(), &options)
    }

    /// As [`Model::open`], but maps the file, which costs less and shares memory with other processes.
    ///
    /// # Safety
    /// While the model is open nobody changes the file, which would change the model, nor cuts it short, which would end
    /// the process.
    pub unsafe fn map(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path.as_ref(), &sized!(sys::mn_model_options))
    }

    fn open_with(path: &Path, options: &sys::mn_model_options) -> Result<Self> {
        let path = path_in_c(path)?;
        let mut raw = ptr::null_mut();
        // SAFETY: text that ends with a zero, whole options, a place for the model.
        check(unsafe { sys::mn_model_open_with(path.as_ptr(), options, &mut raw) })?;
        Ok(Model { raw: NonNull::new(raw).expect("a model"), bytes: PhantomData })
    }
}

impl<'bytes> Model<'bytes> {
    /// Checks the contents of a file, such as `include_bytes!()` gives; `name` stands for it in errors.
    pub fn from_bytes(bytes: &'bytes [u8], name: &str) -> Result<Self> {
        let name = in_c("the name", name)?;
        let mut raw = ptr::null_mut();
        // SAFETY: the bytes outlive the model, by its lifetime.
        check(unsafe { sys::mn_model_from_memory(bytes.as_ptr().cast(), bytes.len(), name.as_ptr(), &mut raw) })?;
        Ok(Model { raw: NonNull::new(raw).expect("a model"), bytes: PhantomData })
    }

    pub fn input_count(&self) -> i32 {
        // SAFETY: the model is open, here and below.
        unsafe { sys::mn_model_input_count(self.raw()) }
    }

    pub fn output_count(&self) -> i32 {
        unsafe { sys::mn_model_output_count(self.raw()) }
    }

    pub fn tensor_count(&self) -> i32 {
        unsafe { sys::mn_model_tensor_count(self.raw()) }
    }

    pub fn op_count(&self) -> i32 {
        unsafe { sys::mn_model_op_count(self.raw()) }
    }

    /// Index of the tensor that is input number `i`.
    pub fn input(&self, i: i32) -> Option<i32> {
        Some(unsafe { sys::mn_model_input(self.raw(), i) }).filter(|&index| index >= 0)
    }

    /// Index of the tensor that is output number `i`.
    pub fn output(&self, i: i32) -> Option<i32> {
        Some(unsafe { sys::mn_model_output(self.raw(), i) }).filter(|&index| index >= 0)
    }

    /// Facts about a tensor, as it is in the file.
    pub fn tensor(&self, index: i32) -> Result<TensorInfo<'_>> {
        let mut info = sized!(sys::mn_tensor_info);
        check(unsafe { sys::mn_model_tensor(self.raw(), index, &mut info) })?;
        Ok(unsafe { TensorInfo::new(info) })
    }

    /// The file's names of inputs and outputs, for each way to call the model.
    pub fn signatures(&self) -> impl Iterator<Item = Signature<'_>> {
        let count = unsafe { sys::mn_model_signature_count(self.raw()) };
        (0..count).map(move |index| {
            let mut raw = sized!(sys::mn_signature);
            // SAFETY: there is this signature, so it cannot fail.
            unsafe {
                sys::mn_model_signature(self.raw(), index, &mut raw);
                Signature::new(raw, self)
            }
        })
    }

    pub fn file_bytes(&self) -> usize {
        unsafe { sys::mn_model_file_bytes(self.raw()) }
    }

    pub fn weight_bytes(&self) -> usize {
        unsafe { sys::mn_model_weight_bytes(self.raw()) }
    }

    /// The description that the file carries; empty where it has none.
    pub fn description(&self) -> &str {
        unsafe { text(sys::mn_model_description(self.raw())) }.unwrap_or_default()
    }

    /// What the file calls a class of an output.
    pub fn class_name(&self, output: i32, index: i32) -> Option<&str> {
        unsafe { text(sys::mn_model_class_name(self.raw(), output, index)) }
    }

    pub(crate) fn raw(&self) -> *const sys::mn_model {
        self.raw.as_ptr()
    }
}

impl Drop for Model<'_> {
    fn drop(&mut self) {
        let mut raw = self.raw.as_ptr();
        // SAFETY: sessions borrow the model, so there is none left.
        unsafe { sys::mn_model_close(&mut raw) }
    }
}
