//! Runners for outside test suites
fn main() {}
