//! Tests of the crate, one binary so that burn is linked once.

mod gradients;
mod laws;
mod modules;
mod oracles;

fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}
