//! ELSA (arXiv 2510.01650, algorithm 1) on a loss with a known gradient.

use super::layer::{Zeros, masked};

/// Settings of [`elsa`].
#[derive(Debug, Clone, Copy)]
pub struct ElsaSettings {
    /// Steps of Adam.
    pub steps: usize,
    /// Learning rate of the first step; it falls to 0 in a straight line.
    pub learning_rate: f64,
    /// Decays of Adam's moments.
    pub betas: [f64; 2],
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Penalty at the first and after the last step, in a straight line.
    pub lambda: [f64; 2],
    /// Steps from one sparse copy to the next.
    pub interval: usize,
    /// Largest norm of a gradient; longer ones are shortened.
    pub max_norm: f64,
    /// Whether the penalty acts on the weights beside Adam's step rather than on the gradient.
    pub decoupled: bool,
    /// Whether weights are compared by `v w^2` rather than by `w^2`.
    pub by_second_moment: bool,
}

/// Weights, sparse copy and dual after a run.
#[derive(Debug, Clone)]
pub struct ElsaOutcome {
    /// The pruned weights.
    pub weights: Vec<f64>,
    /// The last sparse copy.
    pub sparse_copy: Vec<f64>,
    /// The scaled dual.
    pub dual: Vec<f64>,
}

/// Minimises a loss from `start` on under the pattern `zeros`, given the gradient at any point.
pub fn elsa(
    start: &[f64],
    gradient: impl Fn(&[f64], usize) -> Vec<f64>,
    zeros: Zeros,
    settings: &ElsaSettings,
) -> ElsaOutcome {
    let magnitudes = |x: &[f64]| x.iter().map(|x| x * x).collect::<Vec<_>>();
    let project = |x: &[f64], scores: Vec<f64>| masked(x, &zeros.keep(&scores));
    let lambda_at = |step: usize| {
        let [first, last] = settings.lambda;
        first + (last - first) * step as f64 / settings.steps as f64
    };
    let [beta1, beta2] = settings.betas;
    let mut x = start.to_vec();
    let (mut m, mut v) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    let mut z = project(&x, magnitudes(&x));
    let mut u = vec![0.0; x.len()];
    let mut lambda = lambda_at(0);
    let scores = |x: &[f64], v: &[f64]| -> Vec<f64> {
        if settings.by_second_moment {
            x.iter().zip(v).map(|(x, v)| v * x * x).collect()
        } else {
            magnitudes(x)
        }
    };
    for step in 0..settings.steps {
        let mut g = gradient(&x, step);
        let norm = g.iter().map(|g| g * g).sum::<f64>().sqrt();
        if norm > settings.max_norm {
            g.iter_mut().for_each(|g| *g *= settings.max_norm / norm);
        }
        let rate = settings.learning_rate * (1.0 - step as f64 / settings.steps as f64);
        let t = step as i32 + 1;
        for i in 0..x.len() {
            let distance = x[i] - z[i] + u[i];
            let pulled = if settings.decoupled {
                g[i]
            } else {
                g[i] + lambda * distance
            };
            if settings.decoupled {
                x[i] -= rate * lambda * distance;
            }
            m[i] = beta1 * m[i] + (1.0 - beta1) * pulled;
            v[i] = beta2 * v[i] + (1.0 - beta2) * pulled * pulled;
            let mean = m[i] / (1.0 - beta1.powi(t));
            let root = (v[i] / (1.0 - beta2.powi(t))).sqrt();
            x[i] -= rate * mean / (root + settings.epsilon);
        }
        if step % settings.interval == 0 {
            let sum: Vec<f64> = x.iter().zip(&u).map(|(x, u)| x + u).collect();
            z = project(&sum, scores(&sum, &v));
            u = sum.iter().zip(&z).map(|(sum, z)| sum - z).collect();
            let next = lambda_at(step);
            u.iter_mut().for_each(|u| *u *= lambda / next);
            lambda = next;
        }
    }
    ElsaOutcome {
        weights: project(&x, scores(&x, &v)),
        sparse_copy: z,
        dual: u,
    }
}
