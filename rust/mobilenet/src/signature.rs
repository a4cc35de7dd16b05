// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

use std::fmt;
use std::os::raw::c_char;

use mobilenet_sys as sys;

use crate::error::{list, text};
use crate::Model;

/// The file's names of inputs and outputs for one way to call the model: [`Model::signatures`].
#[derive(Clone, Copy)]
pub struct Signature<'a> {
    raw: sys::mn_signature,
    model: &'a Model<'a>,
}

impl<'a> Signature<'a> {
    /// # Safety
    /// `raw` is one of the model's.
    pub(crate) unsafe fn new(raw: sys::mn_signature, model: &'a Model<'a>) -> Self {
        Signature { raw, model }
    }

    /// Its own name, such as "serving_default".
    pub fn key(&self) -> &'a str {
        // SAFETY: it lives as long as the model.
        unsafe { text(self.raw.key) }.unwrap_or_default()
    }

    /// Names of inputs, and their numbers for [`Session::input_mut`](crate::Session::input_mut).
    pub fn inputs(&self) -> impl Iterator<Item = (&'a str, i32)> {
        let model = self.model;
        // SAFETY: so many of each, which live as long as the model.
        let (names, tensors) =
            unsafe { (list(self.raw.input_names, self.raw.input_count), list(self.raw.inputs, self.raw.input_count)) };
        numbered(names, tensors, move |i| model.input(i))
    }

    /// Names of outputs, and their numbers for [`Session::output`](crate::Session::output).
    pub fn outputs(&self) -> impl Iterator<Item = (&'a str, i32)> {
        let model = self.model;
        // SAFETY: as for inputs.
        let (names, tensors) = unsafe {
            (list(self.raw.output_names, self.raw.output_count), list(self.raw.outputs, self.raw.output_count))
        };
        numbered(names, tensors, move |i| model.output(i))
    }

    /// Number of the input with this name.
    pub fn input(&self, name: &str) -> Option<i32> {
        self.inputs().find(|input| input.0 == name).map(|input| input.1)
    }

    /// Number of the output with this name.
    pub fn output(&self, name: &str) -> Option<i32> {
        self.outputs().find(|output| output.0 == name).map(|output| output.1)
    }
}

/// Names with the numbers of their tensors; `tensor_of` gives the tensor of a number.
fn numbered<'a>(
    names: &'a [*const c_char],
    tensors: &'a [i32],
    tensor_of: impl Fn(i32) -> Option<i32>,
) -> impl Iterator<Item = (&'a str, i32)> {
    names.iter().zip(tensors).map(move |(name, tensor)| {
        // SAFETY: it lives as long as the model.
        let name = unsafe { text(*name) }.unwrap_or_default();
        (name, (0..).find(|&i| tensor_of(i) == Some(*tensor)).expect("an input or output of the model"))
    })
}

impl fmt::Debug for Signature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signature")
            .field("key", &self.key())
            .field("inputs", &self.inputs().collect::<Vec<_>>())
            .field("outputs", &self.outputs().collect::<Vec<_>>())
            .finish()
    }
}
