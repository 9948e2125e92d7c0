/// `x[0]`: dose, fitted on [-1, 1].
/// `x[1]`: age, fitted on [-1, 2].
pub fn every_function(x: &[f64]) -> f64 {
    ({ let u: f64 = x[0]; u.abs().max(1e-12).copysign(u).powi(-2) }) + ({ let u: f64 = x[0]; u.abs().max(1e-12).copysign(u).powi(-1) }) + x[0].max(1e-12).powf(-0.5) + x[0].max(1e-12).powf(-1.5) + x[0].max(0.0).sqrt() + x[0].max(0.0).powf(1.5) + x[0].powi(2) + x[0].powi(3) + ({ let u: f64 = x[1]; if u == 0.0 { 0.0 } else { u.signum() } }) + x[1].min(700.0).exp() + x[1].max(1e-12).ln() + x[1].abs() + x[1].sin() + x[1].cos() + x[1].tan() + x[1].tanh() + x[1].clamp(-1.0, 1.0).asin() + x[1].clamp(-1.0, 1.0).acos() + x[1].atan() + x[1].clamp(-1.0 + 1e-12, 1.0 - 1e-12).atanh() + ({ let u: f64 = x[0] - 0.25_f64; if u == 0.0 { 0.0 } else { u.signum() } }) * ({ let u: f64 = ({ let u: f64 = x[1]; u.abs().max(1e-12).copysign(u).powi(-1) }) - 2.5_f64; u.abs().max(1e-12).copysign(u).powi(-1) }) * (-1.5e-7_f64)
}
