#![doc = include_str!("../README.md")]

mod devices;
pub mod laws;
pub mod naive;

pub use devices::{device, devices};
