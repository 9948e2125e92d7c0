pub fn every_function(x: &[f64]) -> f64 { x[0] }
