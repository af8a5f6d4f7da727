//! run, test, bench, conformance, graph: what a person types
fn main() {}
