//! Evidence: sums over calibration tokens for scores of experts.

use burn::tensor::Tensor;

use crate::error::{MoeError, Result};
use crate::routing::TokenRouting;

/// Sums over calibration tokens, in f64, of each expert's gates and answers.
///
/// Batches add up to the same sums as one large batch would give.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpertEvidence {
    n_tokens: usize,
    experts: Vec<ExpertSums>,
}

/// Sums over the tokens that an expert answered; `f` is its answer, `g` the gate.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpertSums {
    /// Number of tokens answered.
    pub n_routed: usize,
    /// Sum of the gates, `sum g`.
    pub gate_mass: f64,
    /// Sum of the norms, `sum ||f||`.
    pub norms: f64,
    /// Sum of the weighted norms, `sum g ||f||`.
    pub gated_norms: f64,
    /// Sum of the answers, `sum f`, `[d_model]`.
    pub answers: Vec<f64>,
    /// Sum of the squared norms, `sum ||f||^2`.
    pub squared_norms: f64,
    /// Sum of the weighted answers, `sum g f`, `[d_model]`.
    pub gated_answers: Vec<f64>,
    /// The largest element of any answer.
    pub largest: f64,
}

impl ExpertSums {
    fn new(d_model: usize) -> Self {
        Self {
            n_routed: 0,
            gate_mass: 0.0,
            norms: 0.0,
            gated_norms: 0.0,
            answers: vec![0.0; d_model],
            squared_norms: 0.0,
            gated_answers: vec![0.0; d_model],
            largest: f64::NEG_INFINITY,
        }
    }

    fn add(&mut self, answer: &[f32], gate: f64) {
        let mut square = 0.0;
        for ((sum, gated), &value) in self.answers.iter_mut().zip(&mut self.gated_answers).zip(answer) {
            let value = f64::from(value);
            *sum += value;
            *gated += gate * value;
            square += value * value;
            self.largest = self.largest.max(value);
        }
        self.n_routed += 1;
        self.gate_mass += gate;
        self.norms += square.sqrt();
        self.gated_norms += gate * square.sqrt();
        self.squared_norms += square;
    }

    fn join(&mut self, other: &Self) {
        self.n_routed += other.n_routed;
        self.gate_mass += other.gate_mass;
        self.norms += other.norms;
        self.gated_norms += other.gated_norms;
        self.squared_norms += other.squared_norms;
        self.largest = self.largest.max(other.largest);
        let sums = [
            (&mut self.answers, &other.answers),
            (&mut self.gated_answers, &other.gated_answers),
        ];
        for (sums, others) in sums {
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        }
    }

    /// The mean answer, zero if no token was answered.
    pub fn mean_answer(&self) -> Vec<f64> {
        let n = self.n_routed.max(1) as f64;
        self.answers.iter().map(|sum| sum / n).collect()
    }

    /// The variance of the answers about their mean, summed over the elements.
    pub fn variance(&self) -> f64 {
        let n = self.n_routed.max(1) as f64;
        let mean: f64 = self.answers.iter().map(|sum| (sum / n).powi(2)).sum();
        (self.squared_norms / n - mean).max(0.0)
    }
}

impl ExpertEvidence {
    /// Evidence before any token.
    pub fn new(n_experts: usize, d_model: usize) -> Self {
        Self {
            n_tokens: 0,
            experts: vec![ExpertSums::new(d_model); n_experts],
        }
    }

    /// Adds a batch: its assignment, and the experts' [`answers`](crate::answers).
    ///
    /// # Errors
    ///
    /// If the sizes do not agree, or an answer is not finite; nothing of the batch is added then.
    pub fn observe(&mut self, routing: &TokenRouting, answers: &[Option<Tensor<2>>]) -> Result<()> {
        MoeError::check_size("experts", self.experts.len(), routing.assignment.n_experts())?;
        MoeError::check_size("experts", self.experts.len(), answers.len())?;
        let gates: Vec<f64> = routing.gates.to_data().iter::<f64>().collect();
        let mut batch: Vec<ExpertSums> = Vec::new();
        for (expert, answers) in answers.iter().enumerate() {
            let gates = &gates[routing.assignment.offsets()[expert]..routing.assignment.offsets()[expert + 1]];
            let Some(answers) = answers else {
                MoeError::check_size("answers", gates.len(), 0)?;
                batch.push(ExpertSums::new(0));
                continue;
            };
            let [n_routed, d_model] = answers.dims();
            MoeError::check_size("answers", gates.len(), n_routed)?;
            MoeError::check_size("features", self.experts[expert].answers.len(), d_model)?;
            let values: Vec<f32> = answers.to_data().iter::<f32>().collect();
            if let Some(value) = values.iter().find(|value| !value.is_finite()) {
                return Err(MoeError::NotFinite {
                    what: "the answer",
                    expert,
                    value: f64::from(*value),
                });
            }
            let mut sums = ExpertSums::new(d_model);
            for (answer, gate) in values.chunks_exact(d_model).zip(gates) {
                sums.add(answer, *gate);
            }
            batch.push(sums);
        }
        self.n_tokens += routing.assignment.n_tokens();
        self.experts.iter_mut().zip(&batch).for_each(|(all, new)| all.join(new));
        Ok(())
    }

    /// Number of tokens seen.
    pub fn n_tokens(&self) -> usize {
        self.n_tokens
    }

    /// The experts' sums.
    pub fn experts(&self) -> &[ExpertSums] {
        &self.experts
    }
}
