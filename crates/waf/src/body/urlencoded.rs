//! urlencoded
