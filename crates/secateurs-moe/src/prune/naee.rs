//! NAEE: chooses the experts that stay by the change of the layer's output.

use burn::tensor::Tensor;
use rayon::prelude::*;
use secateurs_tensor::{UnitKind, UnitReport};

use crate::assignment::indices;
use crate::error::{MoeError, Result};
use crate::expert::Expert;
use crate::router::{Router, RouterKind};
use crate::routing::Routing;

/// A batch of calibration tokens of a layer: the gate's logits, and every expert's answer to every token.
#[derive(Debug, Clone)]
pub struct CachedBatch {
    logits: Tensor<2>,
    answers: Vec<Vec<f32>>,
    d_model: usize,
}

impl CachedBatch {
    /// Computes every expert's answer to every token.
    ///
    /// # Shapes
    ///
    /// `tokens`: `[n_tokens, d_model]`, `logits`: `[n_tokens, n_experts]`.
    ///
    /// # Errors
    ///
    /// If there are no tokens, or the sizes do not agree.
    pub fn new<E: Expert>(tokens: &Tensor<2>, logits: Tensor<2>, experts: &[E]) -> Result<Self> {
        if tokens.dims()[0] == 0 {
            return Err(MoeError::NoTokens);
        }
        MoeError::check_size("tokens", tokens.dims()[0], logits.dims()[0])?;
        MoeError::check_size("experts", experts.len(), logits.dims()[1])?;
        let answer = |expert: &E| expert.answer(tokens.clone()).into_data().iter::<f32>().collect();
        Ok(Self {
            logits: logits.detach(),
            answers: experts.iter().map(answer).collect(),
            d_model: tokens.dims()[1],
        })
    }

    /// Output of the layer with the experts in `kept` only, `[n_tokens * d_model]`.
    fn mix(&self, router: &RouterKind, kept: &[usize]) -> Result<Vec<f64>> {
        let n_experts = self.answers.len();
        let places = indices(kept.iter().copied(), &self.logits.device());
        let logits = self.logits.clone().select(1, places);
        let Routing::Tokens(routing) = router.keep(kept, n_experts)?.route(logits, None)? else {
            return Err(MoeError::Slots { what: "naee" });
        };
        let gates: Vec<f64> = routing.gates.into_data().iter::<f64>().collect();
        let mut mixed = vec![0.0; routing.assignment.n_tokens() * self.d_model];
        for ((token, place), gate) in routing.assignment.pairs().zip(gates) {
            let at = token * self.d_model;
            let answer = &self.answers[kept[place]][at..at + self.d_model];
            let target = &mut mixed[at..at + self.d_model];
            target
                .iter_mut()
                .zip(answer)
                .for_each(|(sum, value)| *sum += gate * f64::from(*value));
        }
        Ok(mixed)
    }
}

/// NAEE (not all experts are equal): the set `S` of experts that minimises `sum over batches ||F(x) - F_S(x)||_F`,
/// where the router is normalised over `S` as it is over all.
///
/// All sets are tried while they are at most `exact_limit`; beyond, experts are removed one by one, with the `beam` best sets
/// followed at each step.
///
/// # References
///
/// Lu et al., Not All Experts are Equal, arXiv 2402.14800, equation 3. **Deviates:** the search beyond `exact_limit` is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Naee {
    /// Largest number of sets that are tried exhaustively.
    pub exact_limit: u64,
    /// Number of sets followed at each step where not all are tried.
    pub beam: usize,
}

impl Default for Naee {
    fn default() -> Self {
        Self {
            exact_limit: 5000,
            beam: 4,
        }
    }
}

/// Result of the search.
#[derive(Debug, Clone, PartialEq)]
pub struct NaeeChoice {
    /// Experts that stay, in ascending order.
    pub kept: Vec<usize>,
    /// Number of experts of the layer before.
    pub n_experts: usize,
    /// Change of the output, `sum over batches ||F(x) - F_S(x)||_F`.
    pub loss: f64,
    /// Whether all sets were tried.
    pub is_exact: bool,
    /// Number of sets tried.
    pub n_tried: usize,
}

impl NaeeChoice {
    /// The report on the layer at `path`: exactly as many experts stay as were requested.
    pub fn report(&self, path: impl Into<String>) -> UnitReport {
        UnitReport {
            kind: UnitKind::Expert,
            path: path.into(),
            before: self.n_experts,
            requested: self.kept.len(),
            after: self.kept.len(),
        }
    }
}

impl Naee {
    /// Chooses `n_kept` experts of a layer. Of equal losses the set that comes first in lexicographic order.
    ///
    /// # Errors
    ///
    /// If there is no batch, the router needs more experts than `n_kept`, or it sends mixtures.
    pub fn choose(&self, router: &RouterKind, batches: &[CachedBatch], n_kept: usize) -> Result<NaeeChoice> {
        let Some(first) = batches.first() else {
            return Err(MoeError::NoEvidence {
                criterion: "naee".into(),
            });
        };
        let n_experts = first.answers.len();
        if n_kept > n_experts || n_kept < router.needs() {
            return Err(MoeError::TooFewLeft {
                n_removed: n_experts.saturating_sub(n_kept),
                n_experts,
                needed: router.needs(),
            });
        }
        let all: Vec<usize> = (0..n_experts).collect();
        let full = |batch: &CachedBatch| batch.mix(router, &all);
        let layer = Layer {
            router,
            batches,
            full: batches.iter().map(full).collect::<Result<_>>()?,
        };
        if subsets(n_experts, n_kept) <= self.exact_limit {
            let sets = combinations(n_experts, n_kept);
            let n_tried = sets.len();
            let best = layer.rank(sets)?.swap_remove(0);
            return Ok(NaeeChoice {
                kept: best.kept,
                n_experts,
                loss: best.loss,
                is_exact: true,
                n_tried,
            });
        }
        self.search(&layer, all, n_kept)
    }

    fn search(&self, layer: &Layer<'_>, all: Vec<usize>, n_kept: usize) -> Result<NaeeChoice> {
        let n_experts = all.len();
        let mut followed = vec![Tried { kept: all, loss: 0.0 }];
        let mut n_tried = 0;
        while followed[0].kept.len() > n_kept {
            let mut sets: Vec<Vec<usize>> = followed.iter().flat_map(|tried| without_one(&tried.kept)).collect();
            sets.sort();
            sets.dedup();
            n_tried += sets.len();
            followed = layer.rank(sets)?;
            followed.truncate(self.beam.max(1));
        }
        let Tried { kept, loss } = followed.swap_remove(0);
        Ok(NaeeChoice {
            kept,
            n_experts,
            loss,
            is_exact: false,
            n_tried,
        })
    }
}

/// A set of experts with the change of the layer's output.
struct Tried {
    kept: Vec<usize>,
    loss: f64,
}

struct Layer<'a> {
    router: &'a RouterKind,
    batches: &'a [CachedBatch],
    /// Output of the layer with all experts.
    full: Vec<Vec<f64>>,
}

impl Layer<'_> {
    fn loss(&self, kept: &[usize]) -> Result<f64> {
        let mut loss = 0.0;
        for (batch, full) in self.batches.iter().zip(&self.full) {
            let mixed = batch.mix(self.router, kept)?;
            let square: f64 = mixed.iter().zip(full).map(|(a, b)| (a - b).powi(2)).sum();
            loss += square.sqrt();
        }
        Ok(loss)
    }

    /// The sets with their losses, the best first.
    fn rank(&self, sets: Vec<Vec<usize>>) -> Result<Vec<Tried>> {
        let losses = sets.into_par_iter().map(|kept| {
            let loss = self.loss(&kept)?;
            Ok(Tried { kept, loss })
        });
        let mut ranked: Vec<Tried> = losses.collect::<Result<_>>()?;
        ranked.sort_by(|a, b| a.loss.total_cmp(&b.loss).then_with(|| a.kept.cmp(&b.kept)));
        Ok(ranked)
    }
}

fn without_one(set: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    (0..set.len()).map(|place| {
        let mut rest = set.to_vec();
        rest.remove(place);
        rest
    })
}

/// The binomial coefficient of `n` and `k`, or the largest number if that is exceeded.
fn subsets(n: usize, k: usize) -> u64 {
    let k = k.min(n - k) as u64;
    (0..k).fold(1u64, |count, i| count.saturating_mul(n as u64 - i) / (i + 1))
}

/// All subsets of `0..n` with `k` members, in lexicographic order.
fn combinations(n: usize, k: usize) -> Vec<Vec<usize>> {
    let mut sets = Vec::new();
    let mut set: Vec<usize> = (0..k).collect();
    loop {
        sets.push(set.clone());
        let Some(place) = (0..k).rev().find(|&place| set[place] < n - k + place) else {
            return sets;
        };
        set[place] += 1;
        for later in place + 1..k {
            set[later] = set[later - 1] + 1;
        }
    }
}
