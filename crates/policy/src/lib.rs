//! The one policy document: load, check, compile, explain, replay
