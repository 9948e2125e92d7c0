//! The commands, one file or folder each.

pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod eval;
pub(crate) mod experts;
pub(crate) mod generate;
pub(crate) mod info;
pub(crate) mod pack;
pub(crate) mod prune;
pub(crate) mod trace;
