//! Rust sources as far as the project's rules need them: tokens, functions, paths, and the files that a file needs.
//!
//! A scanner of a few hundred lines instead of a parser: `xtask` stays quick to build.

pub mod circle;
pub mod file;
pub mod function;
pub mod graph;
pub mod import;
pub mod token;
