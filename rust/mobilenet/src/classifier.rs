// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::slice;

use mobilenet_sys as sys;

use crate::error::{check, in_c, sized, text};
use crate::{Image, Model, PreprocessOptions, Result, SessionOptions};

/// How to classify.
#[derive(Clone, Debug, Default)]
pub struct ClassifierOptions<'a> {
    /// Names of the classes; none: the model's, or ImageNet's.
    pub labels: Vec<String>,
    /// Number or name of the output with the classes; `None`: the first.
    pub output: Option<String>,
    pub session: SessionOptions<'a>,
    pub preprocess: PreprocessOptions,
}

/// One class of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    pub index: usize,
    /// 0..1
    pub probability: f32,
    /// What ranks classes.
    pub score: f32,
    pub name: String,
}

/// A model with one session, its input's preprocessing and the meaning of its answers.
#[derive(Debug)]
pub struct Classifier<'model> {
    raw: NonNull<sys::mn_classifier>,
    classes: usize,
    model: PhantomData<&'model ()>,
}

// SAFETY: a classifier belongs to one thread at a time, whichever (mobilenet_classify.h). It is not Sync.
unsafe impl Send for Classifier<'_> {}

impl<'model> Classifier<'model> {
    pub fn new(model: &'model Model<'_>, options: &ClassifierOptions<'model>) -> Result<Self> {
        let labels = options.labels.iter().map(|name| in_c("a label", name.as_str())).collect::<Result<Vec<_>>>()?;
        let names: Vec<_> = labels.iter().map(|name| name.as_ptr()).collect();
        let output = options.output.as_ref().map(|name| in_c("the output", name.as_str())).transpose()?;
        let preprocess = options.preprocess.in_c();
        let mut raw = ptr::null_mut();
        options.session.in_c(|session| {
            let mut options = sized!(sys::mn_classifier_options);
            options.label_count = names.len() as i32;
            options.labels = if names.is_empty() { ptr::null() } else { names.as_ptr() };
            options.output = output.as_ref().map_or(ptr::null(), |name| name.as_ptr());
            options.session = session;
            options.preprocess = &preprocess;
            // SAFETY: options are read now; the model and the delegates outlive the classifier, by its lifetime.
            check(unsafe { sys::mn_classifier_create(model.raw(), &options, &mut raw) })
        })?;
        let mut made = Classifier { raw: NonNull::new(raw).expect("a classifier"), classes: 0, model: PhantomData };
        let mut info = sized!(sys::mn_classifier_info);
        // SAFETY: the classifier is open, here and below.
        check(unsafe { sys::mn_classifier_describe(made.raw.as_ptr(), &mut info) })?;
        made.classes = info.classes as usize;
        Ok(made)
    }

    /// How images become its input, such as "224x224 RGB, int8, pixels 0..255 -> -1..1, stored = pixel - 128".
    pub fn input_text(&self) -> &str {
        let mut info = sized!(sys::mn_preprocess_info);
        // SAFETY: with a place for the facts this cannot fail; the text lives as long as the classifier.
        unsafe {
            sys::mn_classifier_describe_input(self.raw.as_ptr(), &mut info);
            text(info.text).unwrap_or_default()
        }
    }

    /// The `k` most probable classes of `image`, the best first; all where the model has fewer.
    pub fn classify(&mut self, image: &mut Image<'_>, k: usize) -> Result<Vec<Class>> {
        self.show(image)?;
        self.run()?;
        self.best(k)
    }

    /// The first step of [`Classifier::classify`]: the image becomes the model's input.
    pub fn show(&mut self, image: &mut Image<'_>) -> Result<()> {
        check(unsafe { sys::mn_classifier_show(self.raw.as_ptr(), image.raw()) })
    }

    /// The second step: the model runs.
    pub fn run(&mut self) -> Result<()> {
        check(unsafe { sys::mn_classifier_run(self.raw.as_ptr()) })
    }

    /// The third step: the `k` most probable classes of the last run.
    pub fn best(&mut self, k: usize) -> Result<Vec<Class>> {
        let k = k.min(self.classes);
        let mut best = vec![sys::mn_class::zeroed(); k.max(1)];
        let mut count = 0;
        // SAFETY: room for k classes.
        check(unsafe { sys::mn_classifier_best(self.raw.as_ptr(), k as i32, best.as_mut_ptr(), &mut count) })?;
        best.truncate(count as usize);
        Ok(best.iter().map(class_of).collect())
    }

    /// Probabilities of the last run, by class.
    pub fn probabilities(&self) -> &[f32] {
        // SAFETY: as many as classes, until the next run, which needs self alone.
        unsafe { slice::from_raw_parts(sys::mn_classifier_probabilities(self.raw.as_ptr()), self.classes) }
    }

    /// Scores of the last run, by class; they rank where rounded probabilities are equal.
    pub fn scores(&self) -> &[f32] {
        unsafe { slice::from_raw_parts(sys::mn_classifier_scores(self.raw.as_ptr()), self.classes) }
    }

    /// Name of a class.
    pub fn name(&self, index: usize) -> Option<&str> {
        let index = i32::try_from(index).ok()?;
        unsafe { text(sys::mn_classifier_name(self.raw.as_ptr(), index)) }
    }
}

fn class_of(raw: &sys::mn_class) -> Class {
    // SAFETY: the name lives as long as the classifier, and is copied.
    let name = unsafe { text(raw.name) }.unwrap_or_default().to_string();
    Class { index: raw.index as usize, probability: raw.probability, score: raw.score, name }
}

impl Drop for Classifier<'_> {
    fn drop(&mut self) {
        let mut raw = self.raw.as_ptr();
        unsafe { sys::mn_classifier_close(&mut raw) }
    }
}
