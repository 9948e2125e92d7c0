//! Prints what a model file or folder holds, how long its check takes, and optionally the token ids of a text.
//!
//! `cargo run --release -p secateurs-data --example inspect -- MODEL [TEXT]`

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use secateurs_data::llama::LlamaConfig;
use secateurs_data::{Checkpoint, Result};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(model) = arguments.next() else {
        eprintln!("usage: inspect MODEL [TEXT]");
        return ExitCode::FAILURE;
    };
    match inspect(Path::new(&model), arguments.next().as_deref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn inspect(model: &Path, text: Option<&str>) -> Result<()> {
    let started = Instant::now();
    let checkpoint = Checkpoint::open(model)?;
    let opened = started.elapsed();
    println!("{}\n{}", checkpoint.description(), checkpoint.config());
    for tensor in checkpoint.tensors() {
        println!("{:>6} {:?} {}", tensor.encoding, tensor.shape, tensor.name);
    }
    let started = Instant::now();
    LlamaConfig::open(&checkpoint)?;
    println!(
        "opened in {opened:.1?}, checked as a whole in {:.1?}",
        started.elapsed()
    );
    if let Some(text) = text {
        println!("{:?}", checkpoint.tokenizer()?.encode(text)?);
    }
    Ok(())
}
