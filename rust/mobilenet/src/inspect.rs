// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

//! The inside of models and sessions, for reports and profilers.

use std::time::Duration;

use mobilenet_sys as sys;

use crate::error::{list, sized, text};
use crate::{Model, Session};

/// Tiers of kernels that this processor runs, in order of increasing speed: names for
/// [`SessionOptions::cpu`](crate::SessionOptions::cpu).
pub fn cpu_tiers() -> impl Iterator<Item = &'static str> {
    // SAFETY: strings in static storage, NULL behind the last.
    (0..).map_while(|i| unsafe { text(sys::mn_cpu_tier(i)) })
}

/// One operator of a model: [`Model::ops`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op<'a> {
    /// TensorFlow Lite's name, such as "CONV_2D".
    pub name: &'a str,
    /// Of its meaning, as the file says.
    pub version: i32,
    /// For people, such as "stride 2x2 SAME RELU6".
    pub options: String,
    /// Indices of tensors; -1 for an optional input that is left out.
    pub inputs: &'a [i32],
    /// Indices of the tensors that it writes.
    pub outputs: &'a [i32],
    /// Multiply-accumulates of one run; 0 where the term has no meaning.
    pub macs: i64,
    /// Elements of constant weights and biases that it reads.
    pub parameters: i64,
    /// What they take in the file.
    pub weight_bytes: usize,
}

/// One step of a session's plan, one or more operators that run as one: [`Session::steps`].
///
/// It shows how the library works, and may change with any version.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step<'a> {
    /// Name of the kernel, "alias" for a step that costs nothing, or a delegate's own name.
    pub kernel: &'a str,
    /// Name of the delegate that runs it, if one does.
    pub backend: Option<&'a str>,
    /// Indices of its operators in the model, in the order they run.
    pub ops: &'a [i32],
    /// Indices of the tensors that it writes.
    pub outputs: &'a [i32],
    /// Independent parts, which threads share; 0 for an alias.
    pub units: i32,
    /// Duration in the last run; 0 unless [`Session::profile`] is on.
    pub last: Duration,
    /// Weights packed for the kernel; 0: it reads the file's.
    pub packed_bytes: usize,
    /// Memory for its work, of each thread; of a delegate, in all.
    pub workspace_bytes: usize,
}

impl Model<'_> {
    /// The operators, in the order they run.
    pub fn ops(&self) -> impl Iterator<Item = Op<'_>> {
        (0..self.op_count()).map(move |index| {
            let mut raw = sized!(sys::mn_op_info);
            // SAFETY: there is this operator, so it cannot fail; texts and lists live as long as the model.
            unsafe {
                sys::mn_model_op(self.raw(), index, &mut raw);
                Op {
                    name: text(raw.name).unwrap_or_default(),
                    version: raw.version,
                    options: text(raw.options.as_ptr()).unwrap_or_default().to_string(),
                    inputs: list(raw.inputs, raw.input_count),
                    outputs: list(raw.outputs, raw.output_count),
                    macs: raw.macs,
                    parameters: raw.parameters,
                    weight_bytes: raw.weight_bytes,
                }
            }
        })
    }
}

impl Session<'_> {
    /// The steps, in the order they run.
    ///
    /// ```
    /// # fn main() -> mobilenet::Result<()> {
    /// # let path = "../../tests/golden/tiny_v2_int8.tflite";
    /// let model = mobilenet::Model::open(path)?;
    /// let mut session = mobilenet::Session::new(&model, &Default::default())?;
    /// session.profile(true);
    /// session.run()?;
    /// for step in session.steps() {
    ///     println!("{:8.1} us  {}", step.last.as_secs_f64() * 1e6, step.kernel);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        // SAFETY: the session is open.
        let count = unsafe { sys::mn_session_step_count(self.raw()) };
        (0..count).map(move |index| {
            let mut raw = sized!(sys::mn_step_info);
            // SAFETY: there is this step, so it cannot fail; texts and lists live as long as the session.
            unsafe {
                sys::mn_session_step(self.raw(), index, &mut raw);
                Step {
                    kernel: text(raw.kernel).unwrap_or_default(),
                    backend: text(raw.backend),
                    ops: list(raw.ops, raw.op_count),
                    outputs: list(raw.outputs, raw.output_count),
                    units: raw.units,
                    last: Duration::from_nanos(raw.last_ns),
                    packed_bytes: raw.packed_bytes,
                    workspace_bytes: raw.workspace_bytes,
                }
            }
        })
    }

    /// Measures every step from the next run on: [`Step::last`].
    pub fn profile(&mut self, on: bool) {
        // SAFETY: the session is open, here and below.
        unsafe { sys::mn_session_profile(self.raw(), on) }
    }

    /// Bytes of weights packed for the kernels.
    pub fn packed_bytes(&self) -> usize {
        unsafe { sys::mn_session_packed_bytes(self.raw()) }
    }
}
