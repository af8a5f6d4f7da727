//! Trains the text model of the detectors (`babyshield_detect::text`): `cargo xtask train`.
//!
//! [`gather`] asks the detectors about attacks and benign requests and takes down what they find, [`fit`]
//! fits the weights, [`limit`] says from which score on the model may be sure, [`card`] writes down what it
//! was trained on and how well it does. The same data, detectors and corpus give the same bytes, always;
//! nothing here is part of the product.

pub mod card;
pub mod fit;
pub mod gather;
pub mod limit;
pub mod value;

use std::path::Path;

use babyshield_detect::text::model::{Model, hash};
use babyshield_evaluate::attack;

use gather::{Draw, Gatherer, HELD_OUT, Part, Sample, TRAINING};
use limit::Crossed;

/// A trained model, and what is to be told of it.
#[derive(Debug)]
pub struct Trained {
    /// The file.
    pub bytes: Vec<u8>,
    /// The model card.
    pub card: String,
}

/// What the model is trained on.
///
/// # Errors
/// Lists that are missing; without all of them it would be another model.
pub fn samples(data: &Path) -> Result<Vec<Sample>, String> {
    let attacks = read(data)?;
    let mut gatherer = Gatherer::new();
    gatherer.attacks(&attacks.list, Part::Training);
    gatherer.harm();
    gatherer
        .benign(TRAINING)
        .map_err(|fault| fault.to_string())?;
    gatherer.written();
    Ok(gatherer.samples)
}

/// What no model was trained on: attacks that are held back, requests of another seed.
///
/// # Errors
/// As [`samples`].
pub fn held_out(data: &Path, draw: Draw) -> Result<Vec<Sample>, String> {
    let attacks = read(data)?;
    let mut gatherer = Gatherer::new();
    gatherer.attacks(&attacks.list, Part::HeldBack);
    gatherer.benign(draw).map_err(|fault| fault.to_string())?;
    Ok(gatherer.samples)
}

fn read(data: &Path) -> Result<attack::Attacks, String> {
    let attacks = attack::read(data);
    if attacks.absent.is_empty() {
        return Ok(attacks);
    }
    Err(format!(
        "not in {}: {}",
        data.display(),
        attacks.absent.join(", ")
    ))
}

/// Trains.
///
/// # Errors
/// As [`samples`].
pub fn train(data: &Path) -> Result<Trained, String> {
    let samples = samples(data)?;
    let digest = digest(&samples);
    let crossed = Crossed::new(&samples);
    let weights = fit::Weights::fit(&samples, None);
    let (bytes, scale) = weights.quantise();
    let limits = crossed.limits();
    let bytes = Model::write(digest, scale, &limits, &bytes);
    let held = held_out(data, HELD_OUT)?;
    let card = card::write(&card::Figures {
        bytes: &bytes,
        digest,
        samples: &samples,
        crossed: &crossed,
        limits: &limits,
        held: &held,
        held_scores: &held
            .iter()
            .map(|own| weights.cut().score(own))
            .collect::<Vec<_>>(),
    });
    Ok(Trained { bytes, card })
}

/// Names the samples: whoever has the same trains the same model.
#[must_use]
pub fn digest(samples: &[Sample]) -> u64 {
    let mut all = Vec::new();
    for own in samples {
        all.extend([
            own.class as u8,
            own.confidence as u8,
            u8::from(own.attack),
            u8::from(own.weak),
        ]);
        all.extend(own.fold.to_le_bytes());
        all.extend(own.origin.as_bytes());
        for features in [&own.span, &own.around] {
            all.extend(features.iter().flat_map(|at| at.to_le_bytes()));
        }
    }
    hash(&all)
}
