//! ALPS (Meng et al., arXiv 2406.07831, algorithms 1 and 2).

use super::layer::{Layer, Zeros, masked};
use super::linalg::{add_diagonal, inverse, mean_diagonal, multiply};

/// Settings of [`alps`].
#[derive(Debug, Clone, Copy)]
pub struct AlpsSettings {
    /// Relative damping of the Gram matrix.
    pub damping: f64,
    /// First penalty.
    pub rho: f64,
    /// The most ADMM iterations.
    pub max_iterations: usize,
    /// Conjugate-gradient steps on the support.
    pub refit_steps: usize,
}

/// The pruned weights and the number of ADMM iterations. No input may be dead.
pub fn alps(layer: Layer<'_>, zeros: Zeros, settings: &AlpsSettings) -> (Vec<f64>, usize) {
    let d = layer.d_input;
    let gram = add_diagonal(layer.gram, d, settings.damping * mean_diagonal(layer.gram, d));
    let norms: Vec<f64> = gram.iter().step_by(d + 1).map(|value| value.sqrt()).collect();
    let gram: Vec<f64> = gram
        .iter()
        .enumerate()
        .map(|(index, value)| value / (norms[index / d] * norms[index % d]))
        .collect();
    let b0: Vec<f64> = layer
        .weight
        .iter()
        .enumerate()
        .map(|(index, w)| w * norms[index % d])
        .collect();
    let r = multiply(&b0, &gram, d);
    let scaled = Scaled { b0, r, gram };
    let (b, iterations) = scaled.search(zeros, settings);
    let keep = zeros.keep(&b);
    let refined = scaled.refine(masked(&b, &keep), &keep, settings.refit_steps);
    (
        refined
            .iter()
            .enumerate()
            .map(|(index, b)| b / norms[index % d])
            .collect(),
        iterations,
    )
}

/// A layer scaled to inputs of norm 1: `B = W D`, `R = B G` and `G`.
struct Scaled {
    b0: Vec<f64>,
    r: Vec<f64>,
    gram: Vec<f64>,
}

impl Scaled {
    fn search(&self, zeros: Zeros, settings: &AlpsSettings) -> (Vec<f64>, usize) {
        let Self { b0, r, gram } = self;
        let d = (gram.len() as f64).sqrt() as usize;
        let n_kept = (b0.len() - zeros.count(b0.len())) as f64;
        let d0 = masked(b0, &zeros.keep(b0));
        let (mut sparse, mut v, mut rho, mut growing) = (d0.clone(), vec![0.0; b0.len()], settings.rho, false);
        let mut support: Vec<bool> = zeros.keep(b0);
        let mut b = b0.clone();
        for iteration in 0..settings.max_iterations {
            let shifted = inverse(&add_diagonal(gram, d, rho), d);
            let pull: Vec<f64> = (0..b.len()).map(|i| r[i] - v[i] + rho * sparse[i]).collect();
            b = multiply(&pull, &shifted, d);
            let target: Vec<f64> = (0..b.len()).map(|i| (v[i] + rho * b[i]) / rho).collect();
            let keep = zeros.keep(&target);
            sparse = masked(&target, &keep);
            (0..b.len()).for_each(|i| v[i] += rho * (b[i] - sparse[i]));
            if (iteration + 1) % 3 != 0 {
                continue;
            }
            let changes = keep.iter().zip(&support).filter(|(now, before)| now != before).count();
            support = keep;
            let share = changes as f64 / n_kept;
            if share > 0.1 {
                (growing, rho) = (true, rho * 1.3);
            } else if share > 0.005 {
                (growing, rho) = (true, rho * 1.2);
            } else if changes > 0 && growing {
                rho *= 1.1;
            } else if changes > 0 {
                rho /= 5.0;
                sparse.clone_from(&d0);
                v.fill(0.0);
            } else if growing {
                return (b, iteration + 1);
            } else {
                rho /= 5.0;
            }
            rho = rho.min(1e6);
            if iteration >= 30 && share < 3e-4 {
                return (b, iteration + 1);
            }
        }
        (b, settings.max_iterations)
    }

    /// Conjugate gradients for `B G = R` on the support, for every output separately.
    fn refine(&self, mut b: Vec<f64>, keep: &[bool], n_steps: usize) -> Vec<f64> {
        let Self { r, gram, .. } = self;
        let d = (gram.len() as f64).sqrt() as usize;
        let nonzero = |value: f64| if value == 0.0 { 1e-8 } else { value };
        for i in 0..b.len() / d {
            let range = i * d..(i + 1) * d;
            let (keep, r) = (&keep[range.clone()], &r[range.clone()]);
            let b = &mut b[range];
            let image = multiply(b, gram, d);
            let rest: Vec<f64> = r.iter().zip(image).map(|(r, image)| r - image).collect();
            let mut residual = masked(&rest, keep);
            let mut direction = residual.clone();
            for _ in 0..n_steps {
                let image = masked(&multiply(&direction, gram, d), keep);
                let before: f64 = residual.iter().map(|value| value * value).sum();
                let curvature: f64 = direction.iter().zip(&image).map(|(p, q)| p * q).sum();
                let length = before / nonzero(curvature);
                (0..d).for_each(|j| b[j] += length * direction[j]);
                (0..d).for_each(|j| residual[j] -= length * image[j]);
                let turn = residual.iter().map(|value| value * value).sum::<f64>() / nonzero(before);
                (0..d).for_each(|j| direction[j] = residual[j] + turn * direction[j]);
            }
        }
        b
    }
}
