//! Runners for outside test suites: `cargo xtask conformance crs3|crs4|modsecurity|scanners|all`.
//!
//! The suites' data lies outside the project and is read in place; what is absent is named and
//! counted as skipped, never as passed. What starts and stops servers for a run is public, since
//! `bench` needs it too. Start with [`gateway`].

pub mod gateway;
pub mod process;
pub mod rules;
