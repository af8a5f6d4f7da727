//! Admin API and the embedded dashboard
