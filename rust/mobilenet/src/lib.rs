// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

//! MobileNet image classifiers: runs `.tflite` models (int8, legacy uint8, 16x8, float32) and names what is in a picture.
//! Integer models give the same bits on every processor, equal to TensorFlow Lite's reference kernels.
//!
//! ```no_run
//! use mobilenet::{Classifier, ClassifierOptions, Image, Model};
//!
//! # fn main() -> mobilenet::Result<()> {
//! let model = Model::open("model.tflite")?;
//! let mut classifier = Classifier::new(&model, &ClassifierOptions::default())?;
//! let mut photo = Image::open("cat.jpg")?; // JPEG, PNG and WebP with the features of these names
//! for class in classifier.classify(&mut photo, 5)? {
//!     println!("{:6.2} %  {}", 100.0 * class.probability, class.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Below that, a [`Session`] takes the elements of a model's inputs and gives those of its outputs:
//!
//! ```
//! use mobilenet::{Model, Session, SessionOptions};
//!
//! # fn main() -> mobilenet::Result<()> {
//! # let path = "../../tests/golden/tiny_v2_int8.tflite";
//! let model = Model::open(path)?;
//! let mut session = Session::new(&model, &SessionOptions { threads: 2, ..Default::default() })?;
//! session.input_mut::<i8>(0)?.fill(0);
//! session.run()?;
//! let scores: &[i8] = session.output(0)?;
//! assert_eq!(scores.len(), session.output_info(0)?.len());
//!
//! // Other types and lengths are errors, with a sentence that describes the tensor.
//! let error = session.input_mut::<f32>(0).unwrap_err();
//! assert!(error.to_string().ends_with("is int8 of shape 1x32x32x3, 3072 elements; use it as that, not as float32"));
//! # Ok(())
//! # }
//! ```
//!
//! A session borrows its model, so that none outlives it:
//!
//! ```compile_fail,E0505
//! # let model = mobilenet::Model::open("model.tflite").unwrap();
//! let mut session = mobilenet::Session::new(&model, &Default::default()).unwrap();
//! drop(model);
//! session.run().unwrap();
//! ```
//!
//! A [`Model`] never changes and is `Send` and `Sync`; make a session or a classifier for each thread. Two functions are
//! unsafe, since what they promise is not in this library's hands: [`Model::map`], whose file others may change, and
//! [`Delegate::open_external`], which runs the code of another library.

mod classifier;
mod delegate;
mod error;
mod image;
mod inspect;
mod model;
mod preprocess;
mod session;
mod signature;
mod tensor;

pub use classifier::{Class, Classifier, ClassifierOptions};
pub use delegate::Delegate;
pub use error::{Error, ErrorKind, Result};
pub use image::{Format, Frame, Image, ImageOptions, Rows};
pub use inspect::{cpu_tiers, Op, Step};
pub use model::Model;
pub use preprocess::{Crop, Filter, PreprocessOptions, Preprocessor};
pub use session::{Session, SessionOptions, THREADS_ALL};
pub use signature::Signature;
pub use tensor::{Element, ElementType, Quantisation, TensorInfo};

/// Version of the library in C.
pub fn version() -> &'static str {
    // SAFETY: a string in static storage.
    unsafe { error::text(mobilenet_sys::mn_version()) }.unwrap_or_default()
}

/// Words of ImageNet class `index`, 0..999 in the order of ILSVRC2012.
pub fn imagenet_label(index: i32) -> Option<&'static str> {
    // SAFETY: a string in static storage, or NULL.
    unsafe { error::text(mobilenet_sys::mn_imagenet_label(index)) }
}

/// Turns scores into probabilities: `values = softmax(values)`, in double precision. There must be one at least.
pub fn softmax(values: &mut [f32]) -> Result<()> {
    let count = count_in_c(values)?;
    // SAFETY: so many values.
    error::check(unsafe { mobilenet_sys::mn_softmax(values.as_mut_ptr(), count) })
}

/// Indices of the `k` largest values, best first; of equal values the lower index comes first. `k` is at least 1, and
/// at most the number of values.
pub fn top_k(values: &[f32], k: usize) -> Result<Vec<usize>> {
    let count = count_in_c(values)?;
    if k < 1 || k > values.len() {
        return Err(Error::argument(format!("there are no {} largest of {} values", k, values.len())));
    }
    let mut best = vec![0; k];
    // SAFETY: so many values, and room for k indices.
    error::check(unsafe { mobilenet_sys::mn_top_k(values.as_ptr(), count, k as i32, best.as_mut_ptr()) })?;
    Ok(best.into_iter().map(|index| index as usize).collect())
}

fn count_in_c(values: &[f32]) -> Result<i32> {
    i32::try_from(values.len())
        .map_err(|_| Error::argument(format!("{} values are more than 2147483647", values.len())))
}
