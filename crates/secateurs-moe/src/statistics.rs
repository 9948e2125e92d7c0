//! Spread of a router's tokens over the experts.

use serde::Serialize;

use crate::routing::TokenRouting;

/// Spread of a router's tokens over the experts, summed over batches.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RoutingStatistics {
    /// Tokens seen.
    pub n_tokens: usize,
    /// Number of tokens that chose each expert, whether or not it had room.
    pub chosen: Vec<usize>,
    /// Number of tokens that each expert answered.
    pub answered: Vec<usize>,
    /// Sum of the gates of each expert.
    pub gate_mass: Vec<f64>,
    /// Number of tokens that no expert answered.
    pub n_unrouted: usize,
    entropy: f64,
    margin: f64,
}

impl RoutingStatistics {
    /// Adds a batch.
    ///
    /// # Panics
    ///
    /// If it has another number of experts than the batches before.
    pub fn observe(&mut self, routing: &TokenRouting) {
        let assignment = &routing.assignment;
        let n_experts = assignment.n_experts();
        if self.chosen.is_empty() {
            self.chosen = vec![0; n_experts];
            self.answered = vec![0; n_experts];
            self.gate_mass = vec![0.0; n_experts];
        }
        assert_eq!(self.chosen.len(), n_experts, "the number of experts changed");
        self.n_tokens += assignment.n_tokens();
        self.n_unrouted += routing.n_unrouted();
        let gates: Vec<f64> = routing.gates.to_data().iter::<f64>().collect();
        for expert in 0..n_experts {
            let pairs = assignment.offsets()[expert]..assignment.offsets()[expert + 1];
            self.chosen[expert] += routing.chosen[expert];
            self.answered[expert] += pairs.len();
            self.gate_mass[expert] += gates[pairs].iter().sum::<f64>();
        }
        let probabilities: Vec<f64> = routing.probabilities.to_data().iter::<f64>().collect();
        for token in probabilities.chunks(n_experts) {
            self.entropy += token.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum::<f64>();
            self.margin += margin(token);
        }
    }

    /// Rejected pairs, as a share of all choices.
    pub fn dropped_share(&self) -> f64 {
        let chosen: usize = self.chosen.iter().sum();
        let answered: usize = self.answered.iter().sum();
        (chosen - answered) as f64 / chosen.max(1) as f64
    }

    /// The largest load over the mean load.
    pub fn max_over_mean(&self) -> f64 {
        let largest = self.chosen.iter().copied().max().unwrap_or(0) as f64;
        largest * self.chosen.len() as f64 / self.chosen.iter().sum::<usize>().max(1) as f64
    }

    /// The squared coefficient of variation of the loads.
    pub fn cv_squared(&self) -> f64 {
        let n = self.chosen.len().max(1) as f64;
        let mean = self.chosen.iter().sum::<usize>() as f64 / n;
        let variance = self
            .chosen
            .iter()
            .map(|&load| (load as f64 - mean).powi(2))
            .sum::<f64>()
            / n;
        if mean > 0.0 { variance / (mean * mean) } else { 0.0 }
    }

    /// Mean entropy of the probabilities of a token, nats.
    pub fn entropy(&self) -> f64 {
        self.entropy / self.n_tokens.max(1) as f64
    }

    /// The effective number of experts among which a token hesitates: `exp(entropy)`.
    pub fn effective_experts(&self) -> f64 {
        self.entropy().exp()
    }

    /// Mean distance between the two largest probabilities of a token.
    pub fn top_margin(&self) -> f64 {
        self.margin / self.n_tokens.max(1) as f64
    }
}

fn margin(probabilities: &[f64]) -> f64 {
    let (mut first, mut second) = (0.0f64, 0.0f64);
    for &p in probabilities {
        if p > first {
            (first, second) = (p, first);
        } else {
            second = second.max(p);
        }
    }
    first - second
}
