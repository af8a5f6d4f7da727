//! The public attacks and how they are split, for whoever needs the same split: the text model is
//! trained on the part that is not held back.

pub mod attack;
pub mod decide;
pub mod written;
