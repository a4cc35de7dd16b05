// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

use std::mem;
use std::ptr::{self, NonNull};

use mobilenet_sys as sys;

use crate::error::{check, sized, text};
use crate::{Element, Error, Image, Model, Result, TensorInfo};

/// Which part of an image the model sees, squeezed to the size of its input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Crop {
    /// What the model says, or all of it.
    #[default]
    Auto,
    Exact,
    /// The central 87.5 % of each side.
    Central,
}

/// How an image is resized: Pillow's filters, byte for byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Filter {
    /// Bicubic.
    #[default]
    Auto,
    Nearest,
    Box,
    Bilinear,
    Hamming,
    Bicubic,
    Lanczos,
}

/// How pixels become numbers; the default is what the model says.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PreprocessOptions {
    pub crop: Crop,
    pub filter: Filter,
    /// What pixels 0 and 255 become.
    pub range: Option<(f32, f32)>,
    /// Means and deviations of red, green and blue, in units of a pixel.
    pub mean: Option<([f32; 3], [f32; 3])>,
}

impl PreprocessOptions {
    pub(crate) fn in_c(&self) -> sys::mn_preprocess_options {
        let mut options = sized!(sys::mn_preprocess_options);
        options.crop = match self.crop {
            Crop::Auto => sys::MN_CROP_AUTO,
            Crop::Exact => sys::MN_CROP_EXACT,
            Crop::Central => sys::MN_CROP_CENTRAL,
        };
        options.filter = match self.filter {
            Filter::Auto => sys::MN_RESIZE_AUTO,
            Filter::Nearest => sys::MN_RESIZE_NEAREST,
            Filter::Box => sys::MN_RESIZE_BOX,
            Filter::Bilinear => sys::MN_RESIZE_BILINEAR,
            Filter::Hamming => sys::MN_RESIZE_HAMMING,
            Filter::Bicubic => sys::MN_RESIZE_BICUBIC,
            Filter::Lanczos => sys::MN_RESIZE_LANCZOS,
        };
        if let Some((low, high)) = self.range {
            options.has_range = 1;
            options.low = low;
            options.high = high;
        }
        if let Some((mean, deviation)) = self.mean {
            options.has_mean = 1;
            options.mean = mean;
            options.deviation = deviation;
        }
        options
    }
}

/// Fills input tensors from images: turns, crops, resizes, normalises and quantises them. It keeps the memory that it
/// needs, so that images of equal size and orientation allocate it once.
///
/// ```
/// use mobilenet::{Image, Model, Preprocessor, Session};
///
/// # fn main() -> mobilenet::Result<()> {
/// # let path = "../../tests/golden/tiny_v2_int8.tflite";
/// # let photo = "../../fuzz/corpus/image/colour-16bit.ppm";
/// let model = Model::open(path)?;
/// let mut session = Session::new(&model, &Default::default())?;
/// let mut preprocessor = Preprocessor::new(&model, &session.input_info(0)?, &Default::default())?;
/// preprocessor.run(&mut Image::open(photo)?, session.input_mut::<i8>(0)?)?;
/// session.run()?;
/// let best = mobilenet::top_k(&session.real_output(0)?, 5)?;
/// # assert_eq!(best.len(), 5);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Preprocessor {
    raw: NonNull<sys::mn_preprocessor>,
    info: sys::mn_preprocess_info,
}

// SAFETY: a preprocessor belongs to one thread at a time, whichever (mobilenet_classify.h); `info` points to its memory.
unsafe impl Send for Preprocessor {}

impl Preprocessor {
    /// For the tensor `input` of `model`, [`Model::tensor`] or [`Session::input_info`](crate::Session::input_info): one
    /// that takes pictures, of float32, int8, uint8 or int16. It needs neither afterwards.
    pub fn new(model: &Model<'_>, input: &TensorInfo<'_>, options: &PreprocessOptions) -> Result<Self> {
        let mut pixels = sized!(sys::mn_pixels);
        // SAFETY: an open model, whole options, and a place for each result, here and below.
        let known = check(unsafe { sys::mn_model_pixels(model.raw(), &mut pixels) });
        let pixels = match known {
            Ok(()) => &pixels as *const _,
            // What the model does not tell, the options do.
            Err(_) if options.range.is_some() || options.mean.is_some() => ptr::null(),
            Err(error) => return Err(error),
        };
        let mut raw = ptr::null_mut();
        check(unsafe { sys::mn_preprocessor_create(input.raw(), pixels, &options.in_c(), &mut raw) })?;
        let raw = NonNull::new(raw).expect("a preprocessor");
        let mut made = Preprocessor { raw, info: sized!(sys::mn_preprocess_info) };
        check(unsafe { sys::mn_preprocessor_describe(made.raw.as_ptr(), &mut made.info) })?;
        Ok(made)
    }

    /// Width and height of what the model sees.
    pub fn size(&self) -> (i32, i32) {
        (self.info.width, self.info.height)
    }

    /// 3, or 1 for gray.
    pub fn channels(&self) -> i32 {
        self.info.channels
    }

    /// Bytes of one image in the tensor.
    pub fn bytes(&self) -> usize {
        self.info.bytes
    }

    /// What it does, such as "224x224 RGB, int8, pixels 0..255 -> -1..1, stored = pixel - 128".
    pub fn text(&self) -> &str {
        // SAFETY: it lives as long as the preprocessor.
        unsafe { text(self.info.text) }.unwrap_or_default()
    }

    /// Writes `image` to `tensor`: a session's input, or one image's place in a batch. Errors: another type, or another
    /// number of elements than one image has; those of reading the image.
    pub fn run<T: Element>(&mut self, image: &mut Image<'_>, tensor: &mut [T]) -> Result<()> {
        if T::TYPE != self.info.type_ || mem::size_of_val(tensor) != self.info.bytes {
            // SAFETY: names of types are in static storage.
            let (wanted, given) = unsafe { (sys::mn_type_name(self.info.type_), sys::mn_type_name(T::TYPE)) };
            return Err(Error::argument(format!(
                "one image takes {} bytes of {}, and {} of {} are given",
                self.info.bytes,
                unsafe { text(wanted) }.unwrap_or_default(),
                mem::size_of_val(tensor),
                unsafe { text(given) }.unwrap_or_default()
            )));
        }
        // SAFETY: as many bytes as an image takes, aligned for their type.
        check(unsafe { sys::mn_preprocessor_run(self.raw.as_ptr(), image.raw(), tensor.as_mut_ptr().cast()) })
    }
}

impl Drop for Preprocessor {
    fn drop(&mut self) {
        let mut raw = self.raw.as_ptr();
        unsafe { sys::mn_preprocessor_close(&mut raw) }
    }
}
