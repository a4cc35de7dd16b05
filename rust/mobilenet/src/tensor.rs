// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

use std::marker::PhantomData;

use mobilenet_sys as sys;

use crate::error::{check, list, text};
use crate::Result;

/// Types of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ElementType {
    Float32,
    Float16,
    Int8,
    Uint8,
    Int16,
    Int32,
    Int64,
    /// What a newer library has.
    Other,
}

mod sealed {
    pub trait Sealed {
        const TYPE: mobilenet_sys::mn_type;
    }
}

/// Elements that tensors have: `f32`, `i8`, `u8`, `i16`, `i32` and `i64`.
pub trait Element: sealed::Sealed + Copy + Default + 'static {}

macro_rules! elements {
    ($($type:ty, $constant:ident;)*) => {
        $(
            impl sealed::Sealed for $type {
                const TYPE: sys::mn_type = sys::$constant;
            }
            impl Element for $type {}
        )*
    };
}

elements! {
    f32, MN_FLOAT32;
    i8, MN_INT8;
    u8, MN_UINT8;
    i16, MN_INT16;
    i32, MN_INT32;
    i64, MN_INT64;
}

/// Real value = scale * (stored - zero point).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantisation<'a> {
    /// One for the tensor, or one for each index of `axis`.
    pub scales: &'a [f32],
    pub zero_points: &'a [i32],
    pub axis: i32,
}

/// What is known of a tensor.
#[derive(Clone, Copy)]
pub struct TensorInfo<'a> {
    raw: sys::mn_tensor_info,
    model: PhantomData<&'a ()>,
}

impl<'a> TensorInfo<'a> {
    /// # Safety
    /// Pointers in `raw` are valid for 'a.
    pub(crate) unsafe fn new(raw: sys::mn_tensor_info) -> Self {
        TensorInfo { raw, model: PhantomData }
    }

    pub fn name(&self) -> &'a str {
        // SAFETY: it lives as long as the model.
        unsafe { text(self.raw.name) }.unwrap_or_default()
    }

    pub fn element_type(&self) -> ElementType {
        match self.raw.type_ {
            sys::MN_FLOAT32 => ElementType::Float32,
            sys::MN_FLOAT16 => ElementType::Float16,
            sys::MN_INT8 => ElementType::Int8,
            sys::MN_UINT8 => ElementType::Uint8,
            sys::MN_INT16 => ElementType::Int16,
            sys::MN_INT32 => ElementType::Int32,
            sys::MN_INT64 => ElementType::Int64,
            _ => ElementType::Other,
        }
    }

    /// Dimensions; none for a scalar.
    pub fn shape(&self) -> &[i32] {
        &self.raw.dims[..self.raw.rank as usize]
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape().iter().map(|&side| side as usize).product()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn bytes(&self) -> usize {
        self.raw.bytes
    }

    pub fn quantisation(&self) -> Option<Quantisation<'a>> {
        let raw = &self.raw.quant;
        if raw.count == 0 {
            return None;
        }
        // SAFETY: so many of each, which live as long as the model.
        let (scales, zero_points) = unsafe { (list(raw.scale, raw.count), list(raw.zero_point, raw.count)) };
        Some(Quantisation { scales, zero_points, axis: raw.axis })
    }

    /// Are these `count` elements of the type T? 0: any number.
    pub(crate) fn expect<T: Element>(&self, count: usize) -> Result<()> {
        // SAFETY: the struct is whole.
        check(unsafe { sys::mn_tensor_expect(&self.raw, T::TYPE, count) })
    }

    pub(crate) fn raw(&self) -> &sys::mn_tensor_info {
        &self.raw
    }
}

impl std::fmt::Debug for TensorInfo<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TensorInfo")
            .field("name", &self.name())
            .field("element_type", &self.element_type())
            .field("shape", &self.shape())
            .field("quantisation", &self.quantisation())
            .finish()
    }
}
