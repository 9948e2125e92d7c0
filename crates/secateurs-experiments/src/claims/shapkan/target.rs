//! The functions that networks learn, and rows of them.

use std::f64::consts::PI;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A function on `[-1, 1]^d_input`, and the hidden layers of the networks that learn it.
#[derive(Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    pub d_input: usize,
    pub hidden: usize,
    /// Largest number of seeds: large networks are trained less often.
    pub most_seeds: u64,
    /// Whether some inputs matter more than others, so that their ranks mean something.
    pub inputs_differ: bool,
    f: fn(&[f64]) -> f64,
}

const SMALL: Target = Target {
    name: "",
    d_input: 2,
    hidden: 5,
    most_seeds: u64::MAX,
    inputs_differ: true,
    f: |_| 0.0,
};

/// The last one, with 100 inputs, is for the full tier.
///
/// Variables of the Feynman benchmark (arXiv 1905.11481) have its ranges: 1 to 3 in I.6.20, 1 to 2 and 3 to 4 in I.9.18, 1 to 5
/// in I.12.11.
pub const TARGETS: [Target; 7] = [
    Target {
        name: "exp-sin",
        f: |x| ((PI * x[0]).sin() + x[1] * x[1]).exp(),
        ..SMALL
    },
    Target {
        name: "product",
        inputs_differ: false,
        f: |x| x[0] * x[1],
        ..SMALL
    },
    Target {
        name: "interp-4",
        d_input: 4,
        f: |x| x[0] * x[0] + 0.3 * x[1] + 0.1 * x[2].powi(3),
        ..SMALL
    },
    // exp(-(theta / sigma)^2 / 2) / (sqrt(2 pi) sigma)
    Target {
        name: "I.6.20",
        f: |x| {
            let (theta, sigma) = (2.0 + x[0], 2.0 + x[1]);
            (-0.5 * (theta / sigma).powi(2)).exp() / ((2.0 * PI).sqrt() * sigma)
        },
        ..SMALL
    },
    // G m1 m2 / ((x2 - x1)^2 + (y2 - y1)^2 + (z2 - z1)^2)
    Target {
        name: "I.9.18",
        d_input: 9,
        f: |x| {
            let (low, high) = (|k: usize| 1.5 + 0.5 * x[k], |k: usize| 3.5 + 0.5 * x[k]);
            let distance: f64 = (3..6).map(|k| (low(k) - high(k + 3)).powi(2)).sum();
            low(0) * low(1) * low(2) / distance
        },
        ..SMALL
    },
    // q (Ef + B v sin theta)
    Target {
        name: "I.12.11",
        d_input: 5,
        f: |x| {
            let v = |k: usize| 3.0 + 2.0 * x[k];
            v(0) * (v(1) + v(2) * v(3) * v(4).sin())
        },
        ..SMALL
    },
    Target {
        name: "100-squares",
        d_input: 100,
        hidden: 10,
        most_seeds: 2,
        inputs_differ: true,
        f: |x| x.iter().rev().fold(0.0, |sum, x| 0.5 * (sum + x * x)),
    },
];

/// Inputs and values, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
}

impl Target {
    /// Rows uniform on the domain, the same for the same seed.
    pub fn sample(&self, n_rows: usize, seed: u64) -> Sample {
        let mut rng = StdRng::seed_from_u64(seed);
        let x: Vec<f64> = (0..n_rows * self.d_input)
            .map(|_| 2.0 * rng.random::<f64>() - 1.0)
            .collect();
        let y = x.chunks_exact(self.d_input).map(self.f).collect();
        Sample { x, y }
    }
}

impl Sample {
    /// Standard deviation of the values.
    pub fn deviation(&self) -> f64 {
        let n = self.y.len() as f64;
        let mean = self.y.iter().sum::<f64>() / n;
        (self.y.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n).sqrt()
    }

    /// Divides the values by `unit`.
    pub fn in_units_of(self, unit: f64) -> Self {
        let y = self.y.iter().map(|y| y / unit).collect();
        Self { y, ..self }
    }

    /// Rows of `f(x - shift)`: the same values at inputs that lie further up by `shift`.
    pub fn shift(&self, shift: f64) -> Self {
        let x = self.x.iter().map(|x| x + shift).collect();
        Self { x, y: self.y.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(name: &str, x: &[f64]) -> f64 {
        let target = TARGETS.iter().find(|target| target.name == name).expect("it is one");
        assert_eq!(x.len(), target.d_input);
        (target.f)(x)
    }

    #[test]
    fn functions_have_their_values_by_hand() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        close(at("exp-sin", &[0.5, 1.0]), 2f64.exp());
        close(at("product", &[0.5, -0.5]), -0.25);
        close(at("interp-4", &[1.0, 1.0, -1.0, 0.7]), 1.2);
        // theta = sigma = 2
        close(at("I.6.20", &[0.0, 0.0]), (-0.5f64).exp() / ((2.0 * PI).sqrt() * 2.0));
        // Masses of 1.5, three distances of 2.
        close(at("I.9.18", &[0.0; 9]), 1.5f64.powi(3) / 12.0);
        // Masses of 1 and 2, and the z distance of 4 - 1.
        let x = [1.0, -1.0, -1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 1.0];
        close(at("I.9.18", &x), 2.0 / (4.0 + 4.0 + 9.0));
        close(at("I.12.11", &[-1.0, 1.0, 0.0, 0.0, 0.0]), 5.0 + 9.0 * 3f64.sin());
        let mut x = [0.0; 100];
        (x[0], x[2]) = (1.0, 1.0);
        close(at("100-squares", &x), 0.5 + 0.125);
    }

    #[test]
    fn a_shift_moves_inputs_and_keeps_values() {
        let sample = TARGETS[0].sample(50, 3);
        assert!(sample.x.iter().all(|x| (-1.0..=1.0).contains(x)));
        assert_eq!(sample, TARGETS[0].sample(50, 3));
        let shifted = sample.shift(2.0);
        assert_eq!(shifted.y, sample.y);
        // f(x - 2) at the moved inputs.
        for (x, y) in shifted.x.chunks_exact(2).zip(&shifted.y) {
            assert!(x.iter().all(|x| (1.0..=3.0).contains(x)));
            let back = [x[0] - 2.0, x[1] - 2.0];
            assert!((at("exp-sin", &back) - y).abs() < 1e-12);
        }
    }

    #[test]
    fn values_in_units_of_their_deviation_deviate_by_one() {
        let sample = TARGETS[5].sample(200, 1);
        let unit = sample.deviation();
        assert!((sample.in_units_of(unit).deviation() - 1.0).abs() < 1e-12);
    }
}
