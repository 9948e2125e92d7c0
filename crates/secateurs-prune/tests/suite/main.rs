//! Tests of the crate, one binary so that burn is linked once.

mod allocation;
mod blocks;
mod failures;
mod layers;
mod methods;
mod oracles;
mod sharing;
