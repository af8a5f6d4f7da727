//! Patterns of `@rx`: PCRE as rules use it, run in linear time wherever the pattern allows.
