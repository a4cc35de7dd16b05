// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

//! What is in a photo? `cargo run --release --features jpeg --example classify MODEL.tflite cat.jpg`

use mobilenet::{Classifier, ClassifierOptions, Image, Model};

fn classify(model: &str, photo: &str) -> mobilenet::Result<()> {
    let model = Model::open(model)?;
    let mut classifier = Classifier::new(&model, &ClassifierOptions::default())?;
    for class in classifier.classify(&mut Image::open(photo)?, 5)? {
        println!("{:6.2} %  {}", 100.0 * class.probability, class.name);
    }
    Ok(())
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.len() != 3 {
        eprintln!("usage: classify MODEL.tflite PHOTO");
        std::process::exit(2);
    }
    if let Err(error) = classify(&arguments[1], &arguments[2]) {
        eprintln!("{}", error);
        std::process::exit(1);
    }
}
