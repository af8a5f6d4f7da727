//! How much a key may do: GCRA over bounded stores
