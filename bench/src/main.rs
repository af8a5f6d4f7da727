//! Scenarios measured as ratios
fn main() {}
