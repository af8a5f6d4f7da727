//! The protected sample: a baby-product recall API
fn main() {}
