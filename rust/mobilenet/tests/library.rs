// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

//! What works and what is refused, with the small models of the repository.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mobilenet::{
    Classifier, ClassifierOptions, Crop, Delegate, ElementType, Error, ErrorKind, Filter, Format, Frame, Image,
    ImageOptions, Model, PreprocessOptions, Preprocessor, Session, SessionOptions, THREADS_ALL,
};

const INT8: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/tiny_v2_int8.tflite");
const FLOAT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/tiny_v2_float32.tflite");
const SIGNED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/tiny_v2_per_channel_int8.tflite");
const PHOTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/image/colour-16bit.ppm");

/// An error of this kind whose sentence has these words.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: mobilenet::Result<T>, kind: ErrorKind, words: &str) {
    let error = result.expect_err(words);
    assert_eq!(error.kind(), kind, "{}", error);
    assert!(error.to_string().contains(words), "'{}' lacks '{}'", error, words);
}

fn is_send<T: Send>() {}
fn is_sync<T: Sync>() {}

#[test]
fn threads_share_a_model() {
    is_send::<Session<'static>>();
    is_send::<Classifier<'static>>();
    is_send::<Image<'static>>();
    is_sync::<Model<'static>>();
    is_sync::<Delegate>();
    let model = Model::open(INT8).unwrap();
    let run = |value: i8| {
        let mut session = Session::new(&model, &SessionOptions::default()).unwrap();
        session.input_mut::<i8>(0).unwrap().fill(value);
        session.run().unwrap();
        session.output::<i8>(0).unwrap().to_vec()
    };
    let (alone, other) = (run(3), run(-90));
    std::thread::scope(|scope| {
        let several: Vec<_> = (0..3).map(|_| scope.spawn(|| run(3))).collect();
        for thread in several {
            assert_eq!(thread.join().unwrap(), alone);
        }
    });
    assert_ne!(alone, other);
}

#[test]
fn models_tell_what_they_are() {
    let model = Model::open(INT8).unwrap();
    let input = model.tensor(model.input(0).unwrap()).unwrap();
    assert_eq!((input.element_type(), input.shape(), input.len()), (ElementType::Int8, &[1, 32, 32, 3][..], 3072));
    let quantisation = input.quantisation().unwrap();
    assert_eq!((quantisation.scales.len(), quantisation.zero_points.len()), (1, 1));
    assert!(format!("{:?}", input).contains(input.name()) && !input.is_empty() && input.bytes() == 3072);
    assert_eq!((model.input_count(), model.output_count(), model.input(1), model.output(-1)), (1, 1, None, None));
    assert!(model.op_count() > 0 && model.tensor_count() > model.op_count() && model.weight_bytes() > 0);
    assert_eq!(model.class_name(0, 0), None);
    let bytes = std::fs::read(INT8).unwrap();
    let same = Model::from_bytes(&bytes, "bytes").unwrap();
    assert_eq!(
        (same.op_count(), same.file_bytes(), same.description()),
        (model.op_count(), bytes.len(), model.description())
    );
    // SAFETY: nobody changes the file.
    assert_eq!(unsafe { Model::map(INT8) }.unwrap().op_count(), model.op_count());
    let float = Model::open(FLOAT).unwrap();
    assert!(float.tensor(float.input(0).unwrap()).unwrap().quantisation().is_none());
    assert!(mobilenet::version().starts_with("0."));
    assert_eq!((mobilenet::imagenet_label(242), mobilenet::imagenet_label(1000)), (Some("boxer"), None));

    refused(Model::open("no such.tflite"), ErrorKind::Io, "no such.tflite");
    refused(Model::open("zero\0.tflite"), ErrorKind::Argument, "byte 4 is zero");
    refused(Model::from_bytes(b"rubbish", "text"), ErrorKind::Format, "text: ");
    refused(model.tensor(-1), ErrorKind::Argument, "-1");
}

#[test]
fn signatures_name_inputs_and_outputs() {
    let model = Model::open(SIGNED).unwrap();
    let all: Vec<_> = model.signatures().collect();
    assert_eq!((all.len(), all[0].key()), (1, "serving_default"));
    let (inputs, outputs): (Vec<_>, Vec<_>) = (all[0].inputs().collect(), all[0].outputs().collect());
    assert_eq!((inputs.len(), outputs.len()), (1, 1));
    assert_eq!((inputs[0].1, outputs[0].1), (0, 0));
    assert_eq!((all[0].input(inputs[0].0), all[0].output(outputs[0].0)), (Some(0), Some(0)));
    assert_eq!((all[0].input("no such"), all[0].output("no such")), (None, None));
    assert!(format!("{:?}", all[0]).contains(inputs[0].0));
    assert_eq!(Model::open(INT8).unwrap().signatures().count(), 0);
}

#[test]
fn plans_are_shown_step_by_step() {
    let model = Model::open(INT8).unwrap();
    let ops: Vec<_> = model.ops().collect();
    assert_eq!(ops.len(), model.op_count() as usize);
    assert_eq!(ops.iter().filter(|op| op.name == "CONV_2D").map(|op| op.inputs.len()).max(), Some(3));
    assert_eq!(ops.last().unwrap().outputs, [model.output(0).unwrap()]);
    assert!(ops[0].macs > 0 && ops[0].parameters > 0 && ops[0].weight_bytes > 0 && ops[0].options.contains("stride"));

    assert!(mobilenet::cpu_tiers().take(2).eq(["ref", "portable"]));
    let options = SessionOptions { cpu: Some("ref".to_string()), ..Default::default() };
    let mut session = Session::new(&model, &options).unwrap();
    let mut run: Vec<i32> = session.steps().flat_map(|step| step.ops.iter().copied()).collect();
    run.sort_unstable();
    assert!(run.into_iter().eq(0..model.op_count()));
    assert!(session.steps().all(|step| !step.kernel.is_empty() && step.backend.is_none()));
    assert_eq!(session.packed_bytes(), session.steps().map(|step| step.packed_bytes).sum::<usize>());
    let taken = |session: &Session<'_>| session.steps().map(|step| step.last).sum::<Duration>();
    session.run().unwrap();
    assert_eq!(taken(&session), Duration::ZERO);
    session.profile(true);
    session.run().unwrap();
    assert!(taken(&session) > Duration::ZERO);
}

#[test]
fn tensors_are_kept_if_asked() {
    let model = Model::open(INT8).unwrap();
    let op = model.ops().next().unwrap();
    let kept = SessionOptions { keep_tensors: true, ..Default::default() };
    let mut session = Session::new(&model, &kept).unwrap();
    session.input_mut::<i8>(0).unwrap().fill(7);
    session.run().unwrap();
    assert!(session.tensor::<i8>(op.inputs[0]).unwrap().iter().all(|&value| value == 7));
    let inside = session.tensor::<i8>(op.outputs[0]).unwrap();
    assert_eq!(inside.len(), session.tensor_info(op.outputs[0]).unwrap().len());
    assert_eq!(session.tensor::<i8>(model.output(0).unwrap()).unwrap(), session.output::<i8>(0).unwrap());
    refused(session.tensor::<f32>(op.outputs[0]), ErrorKind::Argument, "not as float32");
    refused(session.tensor::<i8>(-1), ErrorKind::Argument, "-1");
    let session = Session::new(&model, &SessionOptions::default()).unwrap();
    assert!(!session.tensor::<i8>(op.inputs[1]).unwrap().is_empty()); // its weights
    refused(session.tensor::<i8>(op.outputs[0]), ErrorKind::Argument, "keep_tensors");
}

#[test]
fn sessions_take_what_their_tensors_are() {
    let model = Model::open(INT8).unwrap();
    let mut session = Session::new(&model, &SessionOptions { threads: THREADS_ALL, ..Default::default() }).unwrap();
    let info = session.input_info(0).unwrap();
    session.set_input(0, &vec![5i8; info.len()]).unwrap();
    session.run().unwrap();
    let first = session.output::<i8>(0).unwrap().to_vec();
    session.input_mut::<i8>(0).unwrap().fill(5);
    session.run().unwrap();
    assert_eq!(session.output::<i8>(0).unwrap(), first);
    let quantisation = session.output_info(0).unwrap().quantisation().unwrap();
    for (real, stored) in session.real_output(0).unwrap().iter().zip(&first) {
        assert_eq!(*real, quantisation.scales[0] * (i32::from(*stored) - quantisation.zero_points[0]) as f32);
    }
    assert!(session.arena_bytes() > 0 && session.threads() >= 1);

    refused(session.input_mut::<f32>(0), ErrorKind::Argument, "not as float32");
    refused(session.output::<u8>(0), ErrorKind::Argument, "not as uint8");
    refused(session.output::<i8>(1), ErrorKind::Argument, "there is no output 1");
    refused(session.input_info(-1), ErrorKind::Argument, "there is no input -1");
    refused(session.set_input(0, &[1i8; 7]), ErrorKind::Argument, "not as 7 elements of int8");
    refused(session.set_input::<i8>(0, &[]), ErrorKind::Argument, "not as 1 element of int8");
    refused(session.real_output(9), ErrorKind::Argument, "there is no output 9");
}

#[test]
fn options_reach_the_library() {
    let model = Model::open(FLOAT).unwrap();
    let mut options = SessionOptions {
        cpu: Some("ref".to_string()),
        input_shapes: vec![(0, vec![1, 48, 40, 3])],
        batch: 2,
        streamed: true,
        ..Default::default()
    };
    let session = Session::new(&model, &options).unwrap();
    assert_eq!(session.input_info(0).unwrap().shape(), [2, 48, 40, 3]);
    options.keep_tensors = true;
    refused(Session::new(&model, &options), ErrorKind::Argument, "a streamed plan does not keep tensors");
    options.keep_tensors = false;
    options.input_shapes = vec![(0, vec![1; 9])];
    refused(Session::new(&model, &options), ErrorKind::Argument, "9 dimensions");
    let unknown = SessionOptions { cpu: Some("z80".to_string()), ..Default::default() };
    refused(Session::new(&model, &unknown), ErrorKind::Argument, "z80");
    let many = SessionOptions { threads: 257, ..Default::default() };
    refused(Session::new(&model, &many), ErrorKind::Argument, "257 threads");
}

#[test]
fn images_are_pixels_or_photos() {
    let rgb: Vec<u8> = (0..48).collect();
    let frame = Frame { width: 4, height: 4, ..Default::default() };
    let mut image = Image::from_pixels(&rgb, &frame).unwrap();
    assert_eq!((image.size(), image.to_rgb().unwrap()), ((4, 4), rgb.clone()));
    let wide = Frame { width: 2, height: 3, format: Format::Bgra, stride: 20, ..Default::default() };
    assert_eq!(Image::from_pixels(&rgb, &wide).unwrap().to_rgb().unwrap()[..3], [2, 1, 0]);
    let bytes = std::fs::read(PHOTO).unwrap();
    let photo = Image::open(PHOTO).unwrap().to_rgb().unwrap();
    assert_eq!(photo, Image::from_bytes(&bytes, "bytes").unwrap().to_rgb().unwrap());

    refused(Image::from_pixels(&rgb[1..], &frame), ErrorKind::Argument, "take 48 bytes, and 47 are given");
    refused(Image::from_pixels(&rgb, &Frame { width: 5, ..frame }), ErrorKind::Argument, "take 60 bytes");
    refused(Image::from_pixels(&rgb, &Frame { width: -5, ..frame }), ErrorKind::Argument, "-5x4");
    refused(Image::from_pixels(&rgb, &Frame { height: 1, stride: 3, ..frame }), ErrorKind::Argument, "");
    refused(Image::open("no such.jpg"), ErrorKind::Io, "no such.jpg");
    refused(Image::from_bytes(b"rubbish", "text"), ErrorKind::Unsupported, "text: ");
}

#[test]
fn photos_are_opened_with_options() {
    let bytes = std::fs::read(PHOTO).unwrap();
    let small = ImageOptions { max_side: 2, ..Default::default() };
    refused(Image::open_with(PHOTO, &small), ErrorKind::Limit, "");
    refused(Image::from_bytes_with(&bytes, "bytes", &small), ErrorKind::Limit, "bytes: ");
    let whole = Image::open_with(PHOTO, &ImageOptions { as_stored: true, ..Default::default() });
    assert_eq!(whole.unwrap().size(), Image::open(PHOTO).unwrap().size());
}

/// Rows of noise, of an image of 5 x 4.
fn noise() -> Vec<u8> {
    (0..60u8).map(|i| i.wrapping_mul(37)).collect()
}

/// Counts how often it was dropped.
struct Counted<'a>(&'a AtomicUsize);

impl Counted<'_> {
    /// Hands over nothing.
    fn read(&self) -> mobilenet::Result<()> {
        Ok(())
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn readers_hand_over_rows() {
    let (rgb, drops) = (noise(), AtomicUsize::new(0));
    let counted = Counted(&drops);
    let mut calls = 0;
    let mut image = Image::from_reader((5, 4), 0, |rows| {
        counted.read()?;
        calls += 1;
        rgb.chunks(15).try_for_each(|row| rows.take(row))
    })
    .unwrap();
    assert_eq!((image.size(), image.to_rgb().unwrap(), image.to_rgb().unwrap()), ((5, 4), rgb.clone(), rgb.clone()));
    let model = Model::open(INT8).unwrap();
    let mut classifier = Classifier::new(&model, &ClassifierOptions::default()).unwrap();
    let best = classifier.classify(&mut image, 3).unwrap();
    let frame = Frame { width: 5, height: 4, ..Default::default() };
    assert_eq!(best, classifier.classify(&mut Image::from_pixels(&rgb, &frame).unwrap(), 3).unwrap());
    drop(image);
    assert!(calls >= 3);

    // A reader is dropped once, when its image is, or at once where there is none; 6: turned by a quarter.
    let moved = Counted(&drops);
    let turned = Image::from_reader((5, 4), 6, move |_| moved.read()).unwrap();
    assert_eq!((turned.size(), drops.load(Ordering::Relaxed)), ((4, 5), 0));
    drop(turned);
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    for (size, kind) in [((0, 4), ErrorKind::Argument), ((-5, 4), ErrorKind::Argument), ((70000, 4), ErrorKind::Limit)]
    {
        let moved = Counted(&drops);
        refused(Image::from_reader(size, 0, move |_| moved.read()), kind, &size.0.to_string());
    }
    assert_eq!(drops.load(Ordering::Relaxed), 4);
}

#[test]
fn readers_fail_as_their_images_do() {
    let rgb = noise();
    let gives =
        |count: usize| Image::from_reader((5, 4), 0, move |rows| (0..count).try_for_each(|_| rows.take(&[9; 15])));
    refused(gives(3).unwrap().to_rgb(), ErrorKind::Argument, "gave 3 rows of an image with 4");
    refused(gives(5).unwrap().to_rgb(), ErrorKind::Argument, "gave 5 rows of an image with 4");
    let mut narrow = Image::from_reader((5, 4), 0, |rows| rgb.chunks(12).try_for_each(|row| rows.take(row))).unwrap();
    refused(narrow.to_rgb(), ErrorKind::Argument, "takes 15 bytes, and 12 are given");
    for kind in [ErrorKind::Format, ErrorKind::Device, ErrorKind::Memory] {
        let error = Error::new(kind, "the cable \0 is cut");
        let mut image = Image::from_reader((5, 4), 0, move |_| Err(error.clone())).unwrap();
        refused(image.to_rgb(), kind, "the cable   is cut");
    }
    let mut io = Image::from_reader((5, 4), 0, |_| Ok(std::fs::read("no such file").map(drop)?)).unwrap();
    let model = Model::open(INT8).unwrap();
    let mut classifier = Classifier::new(&model, &ClassifierOptions::default()).unwrap();
    refused(classifier.classify(&mut io, 1), ErrorKind::Io, "");

    // A panic goes through C unharmed, and the image is as it was.
    let mut calls = 0;
    let mut image = Image::from_reader((5, 4), 0, |rows| {
        calls += 1;
        assert!(calls != 1, "a reader panics");
        rgb.chunks(15).try_for_each(|row| rows.take(row))
    })
    .unwrap();
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| image.to_rgb())).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"a reader panics"));
    assert_eq!(image.to_rgb().unwrap(), rgb);
}

#[test]
fn classifiers_name_classes() {
    let model = Model::open(INT8).unwrap();
    let mut photo = Image::open(PHOTO).unwrap();
    let mut classifier = Classifier::new(&model, &ClassifierOptions::default()).unwrap();
    let best = classifier.classify(&mut photo, 3).unwrap();
    assert!(best.len() == 3 && best[0].score >= best[1].score && best[1].score >= best[2].score);
    assert_eq!(classifier.name(best[0].index), Some(best[0].name.as_str()));
    assert_eq!(classifier.probabilities()[best[0].index], best[0].probability);
    assert_eq!(classifier.scores()[best[2].index], best[2].score);
    let classes = classifier.probabilities().len();
    assert_eq!(classifier.classify(&mut photo, usize::MAX).unwrap().len(), classes);
    assert_eq!((classifier.name(classes), classifier.name(usize::MAX)), (None, None));
    refused(classifier.best(0), ErrorKind::Argument, "0");

    let mut options = ClassifierOptions {
        labels: (0..classes).map(|i| format!("word {}", i)).collect(),
        preprocess: PreprocessOptions { crop: Crop::Central, filter: Filter::Box, ..Default::default() },
        ..Default::default()
    };
    let mut named = Classifier::new(&model, &options).unwrap();
    let named_best = named.classify(&mut photo, 1).unwrap();
    assert_eq!(named_best[0].name, format!("word {}", named_best[0].index));
    options.labels.pop();
    refused(Classifier::new(&model, &options), ErrorKind::Argument, "labels");
    options.labels.clear();
    options.preprocess =
        PreprocessOptions { range: Some((-1.0, 1.0)), mean: Some(([0.0; 3], [1.0; 3])), ..Default::default() };
    refused(Classifier::new(&model, &options), ErrorKind::Argument, "range");
    options.preprocess = PreprocessOptions::default();
    options.output = Some("no such output".to_string());
    refused(Classifier::new(&model, &options), ErrorKind::Argument, "no such output");
}

#[test]
fn preprocessors_fill_inputs() {
    is_send::<Preprocessor>();
    let model = Model::open(INT8).unwrap();
    let mut photo = Image::open(PHOTO).unwrap();
    let mut classifier = Classifier::new(&model, &ClassifierOptions::default()).unwrap();
    classifier.classify(&mut photo, 1).unwrap();
    // Step by step the answers are the classifier's.
    let mut session = Session::new(&model, &SessionOptions { batch: 2, ..Default::default() }).unwrap();
    let info = session.input_info(0).unwrap();
    let mut preprocessor = Preprocessor::new(&model, &info, &PreprocessOptions::default()).unwrap();
    assert_eq!((preprocessor.size(), preprocessor.channels(), preprocessor.bytes()), ((32, 32), 3, 3072));
    assert_eq!(preprocessor.text(), classifier.input_text());
    assert!(preprocessor.text().starts_with("32x32 RGB, int8"));
    let tensor = session.input_mut::<i8>(0).unwrap();
    tensor.fill(0);
    preprocessor.run(&mut photo, &mut tensor[3072..]).unwrap();
    session.run().unwrap();
    let output = session.real_output(0).unwrap();
    let classes = classifier.probabilities().len();
    assert_eq!(&output[classes..], classifier.probabilities());
    assert_ne!(output[..classes], output[classes..]);

    refused(
        preprocessor.run(&mut photo, &mut [0i8; 3071]),
        ErrorKind::Argument,
        "3072 bytes of int8, and 3071 of int8",
    );
    refused(preprocessor.run(&mut photo, &mut [0u8; 3072]), ErrorKind::Argument, "and 3072 of uint8");
    let both = PreprocessOptions { range: Some((-1.0, 1.0)), mean: Some(([0.0; 3], [1.0; 3])), ..Default::default() };
    refused(Preprocessor::new(&model, &info, &both), ErrorKind::Argument, "range");
    refused(
        Preprocessor::new(&model, &session.output_info(0).unwrap(), &Default::default()),
        ErrorKind::Unsupported,
        "",
    );
}

#[test]
fn answers_are_read() {
    let mut scores = [1.0, 3.0, 3.0, 2.0];
    assert_eq!(mobilenet::top_k(&scores, 3).unwrap(), [1, 2, 3]);
    mobilenet::softmax(&mut scores).unwrap();
    assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6 && scores[1] == scores[2] && scores[1] > scores[3]);
    refused(mobilenet::top_k(&scores, 0), ErrorKind::Argument, "0 largest of 4");
    refused(mobilenet::top_k(&scores, 5), ErrorKind::Argument, "5 largest of 4");
    refused(mobilenet::softmax(&mut []), ErrorKind::Argument, "");
}

#[test]
fn delegates_are_opened() {
    let npu = Delegate::open_ethosu().unwrap();
    assert_eq!(npu.name(), "ethos-u");
    let model = Model::open(INT8).unwrap();
    let options = SessionOptions { delegates: vec![&npu], ..Default::default() };
    Session::new(&model, &options).unwrap().run().unwrap();
    let all = SessionOptions { full_delegation: true, ..options };
    refused(Session::new(&model, &all), ErrorKind::Unsupported, "");
    // SAFETY: there is none.
    refused(unsafe { Delegate::open_external("no such.so", "") }, ErrorKind::Io, "no such.so");
}
