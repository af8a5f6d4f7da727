//! `cargo xtask train`: trains the text model, writes it and its card; or checks that it is what the data
//! give.
#![allow(
    clippy::print_stdout,
    reason = "a command-line program speaks on stdout"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use babyshield_detect::text::model::{Model, SHIPPED};
use babyshield_train::{card, samples, train};
use clap::Parser;

/// Trains the text model of the detectors, the same bytes from the same data.
#[derive(Debug, Parser)]
struct Options {
    /// Folder of the test data; BABYSHIELD_DATA names it too.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Write nothing; fail where the shipped model is not what the data give.
    #[arg(long)]
    check: bool,
    /// Only print how many findings there are, by class and degree.
    #[arg(long)]
    counts: bool,
}

const MODEL: &str = "crates/detect/src/text/model.bin";
const CARD: &str = "docs/text-model.md";

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("train: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let named = options.data.clone().or_else(data_of_environment);
    let data = named.unwrap_or_else(|| from_root("../shared/data"));
    if options.counts {
        print!("{}", card::counts(&samples(&data)?));
        return Ok(());
    }
    let trained = train(&data)?;
    if !options.check {
        write(MODEL, &trained.bytes)?;
        write(CARD, trained.card.as_bytes())?;
        println!("{}", trained.card);
        return Ok(());
    }
    let shipped = Model::read(SHIPPED).ok_or("the shipped model is damaged")?;
    let own = trained.bytes.get(5..13).unwrap_or_default();
    if shipped.digest().to_le_bytes() != *own {
        return Err(
            "the samples have changed since the model was trained (a detector, the corpus, train/text or \
             the data): train again"
                .to_owned(),
        );
    }
    let card = fs::read(from_root(CARD)).unwrap_or_default();
    if trained.bytes != SHIPPED || card != trained.card.as_bytes() {
        return Err("the same samples give another model, or another card".to_owned());
    }
    println!("1 passed: the model and its card are what the data give");
    Ok(())
}

fn write(path: &str, bytes: &[u8]) -> Result<(), String> {
    fs::write(from_root(path), bytes).map_err(|fault| format!("{path}: {fault}"))
}

#[allow(
    clippy::disallowed_methods,
    reason = "a program's own edge, as in `cli`"
)]
fn data_of_environment() -> Option<PathBuf> {
    std::env::var("BABYSHIELD_DATA").ok().map(PathBuf::from)
}

/// A path below the project's root.
fn from_root(path: &str) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).join(path)
}
