//! The commands that run other programs.

pub mod bench;
pub mod ci;
pub mod data;
pub mod deny;
pub mod fixtures;
pub mod package;
pub mod reproduce;
pub mod test;
pub mod wheel;
