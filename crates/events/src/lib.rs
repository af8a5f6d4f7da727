//! What happened: the event store, queries on it, metrics
