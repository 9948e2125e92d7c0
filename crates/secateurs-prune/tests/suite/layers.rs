//! Random layers with correlated inputs, for the tests of this folder.

use secateurs_importance::{Magnitude, Random, Ria, Wanda};
use secateurs_prune::{AdmmSchedule, Alps, Gram, LAdmm, LayerMethod, LayerProblem, MaskOnly, SparseGpt};
use secateurs_tensor::{Pattern, Scope, WeightMatrix};
use secateurs_testkit::naive::{self, Zeros};

/// Reproducible draws (splitmix64).
pub struct Draws(pub u64);

impl Draws {
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Nearly normal, with mean 0 and variance 1.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// A layer and the Gram matrix of its inputs.
pub struct TestLayer {
    pub weight: WeightMatrix,
    pub gram: Vec<f64>,
}

impl TestLayer {
    /// Inputs mix a few common signals and have norms that differ by a factor of ten.
    pub fn random(seed: u64, [d_output, d_input]: [usize; 2]) -> Self {
        let mut draws = Draws(seed);
        let n_signals = d_input / 2 + 1;
        let mixing: Vec<f64> = (0..n_signals * d_input).map(|_| draws.normal()).collect();
        let scales: Vec<f64> = (0..d_input).map(|_| 10_f64.powf(draws.uniform())).collect();
        let mut gram = vec![0.0; d_input * d_input];
        for _ in 0..4 * d_input {
            let signals: Vec<f64> = (0..n_signals).map(|_| draws.normal()).collect();
            let token: Vec<f64> = (0..d_input)
                .map(|j| {
                    let common: f64 = (0..n_signals).map(|k| signals[k] * mixing[k * d_input + j]).sum();
                    scales[j] * (common / (n_signals as f64).sqrt() + 0.5 * draws.normal())
                })
                .collect();
            naive::gram(&token, d_input)
                .iter()
                .zip(&mut gram)
                .for_each(|(value, sum)| *sum += value);
        }
        let weights = (0..d_output * d_input).map(|_| draws.normal() as f32).collect();
        Self {
            weight: WeightMatrix::new(weights, [d_output, d_input]).expect("the length fits"),
            gram,
        }
    }

    pub fn gram(&self) -> Gram {
        Gram::from_values(self.gram.clone(), self.weight.d_input()).expect("a product is symmetric")
    }

    pub fn weights(&self) -> Vec<f64> {
        widen(self.weight.values())
    }

    pub fn error(&self, pruned: &WeightMatrix) -> f64 {
        let weight = self.weights();
        let layer = naive::Layer {
            weight: &weight,
            gram: &self.gram,
            d_input: self.weight.d_input(),
        };
        layer.error(&widen(pruned.values()))
    }
}

pub fn problem<'a>(weight: &'a WeightMatrix, gram: &'a Gram, pattern: Pattern) -> LayerProblem<'a> {
    LayerProblem::new("block.0.up_proj.weight", weight, pattern).with_gram(gram)
}

pub fn pattern(text: &str) -> Pattern {
    text.parse().expect("the tests write valid patterns")
}

pub fn zeros(pattern: Pattern, dims: [usize; 2]) -> Zeros {
    match pattern {
        Pattern::Unstructured(_) => Zeros::Anywhere(pattern.pruned_count(dims)),
        Pattern::Nm(nm) => Zeros::Groups {
            keep: nm.keep(),
            group: nm.group(),
        },
    }
}

pub fn widen(values: &[f32]) -> Vec<f64> {
    values.iter().map(|value| f64::from(*value)).collect()
}

/// The methods that need a Gram matrix, in small settings.
pub fn solvers() -> Vec<Box<dyn LayerMethod>> {
    vec![
        Box::new(SparseGpt {
            block: 16,
            ..SparseGpt::default()
        }),
        Box::new(SparseGpt::default()),
        Box::new(LAdmm::default()),
        Box::new(LAdmm {
            schedule: AdmmSchedule::Constant,
            ..LAdmm::default()
        }),
        Box::new(Alps::default()),
    ]
}

/// Every method, with the scope that decides its counts.
pub fn methods() -> Vec<(Box<dyn LayerMethod>, Scope)> {
    let mut methods: Vec<(Box<dyn LayerMethod>, Scope)> = Vec::new();
    for scope in [Scope::PerLayer, Scope::PerOutput, Scope::Global] {
        methods.push((Box::new(MaskOnly::new(Random::new(3), scope)), scope));
        methods.push((Box::new(MaskOnly::new(Magnitude, scope)), scope));
        methods.push((Box::new(MaskOnly::new(Wanda, scope)), scope));
        methods.push((Box::new(MaskOnly::new(Ria::default(), scope)), scope));
    }
    methods.extend(solvers().into_iter().map(|solver| (solver, Scope::PerLayer)));
    methods
}
