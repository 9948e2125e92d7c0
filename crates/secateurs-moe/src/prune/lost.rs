//! Tokens that lost an expert.

use serde::Serialize;

use crate::routing::TokenRouting;

/// Losses of tokens when experts were removed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lost {
    /// Tokens that had a removed expert, in ascending order.
    pub tokens: Vec<usize>,
    /// Tokens among them without any other expert.
    pub n_alone: usize,
    /// Share of all gates that belonged to removed experts.
    pub gate_share: f64,
}

/// Losses of tokens if only the experts in `kept` stay, from the routing before the removal.
pub fn lost(before: &TokenRouting, kept: &[usize]) -> Lost {
    let assignment = &before.assignment;
    let gates: Vec<f64> = before.gates.to_data().iter::<f64>().collect();
    let mut n_lost = vec![0; assignment.n_tokens()];
    let mut lost_mass = 0.0;
    for ((token, expert), gate) in assignment.pairs().zip(&gates) {
        if !kept.contains(&expert) {
            n_lost[token] += 1;
            lost_mass += gate;
        }
    }
    let had = assignment.experts_per_token();
    let alone = n_lost.iter().zip(&had).filter(|(lost, had)| **lost > 0 && lost == had);
    let total: f64 = gates.iter().sum();
    Lost {
        n_alone: alone.count(),
        tokens: (0..n_lost.len()).filter(|&token| n_lost[token] > 0).collect(),
        gate_share: if total > 0.0 { lost_mass / total } else { 0.0 },
    }
}
