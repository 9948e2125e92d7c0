//! Models of a case pruned by methods at patterns with seeds, and their rows.

use super::case::PruningCase;
use super::model::{PrunedModel, PruningKey, measure_perplexity};
use super::sweep::Sweep;
use crate::ExperimentError;
use crate::claims::harness::{Desk, Measured, Order, group_cells};
use crate::outcome::{Metric, Row, Tier};

/// The cells of a claim that prunes a language model.
pub struct PruningStudy {
    pub case: PruningCase,
    pub tier: Tier,
    sweeps: Vec<Sweep>,
    dense_perplexity: f64,
}

const QUALITY: [Metric<PrunedModel>; 3] = [
    Metric::new("perplexity", |cell| Some(cell.perplexity)),
    Metric::new("training_tokens", |cell| Some(cell.log.as_ref()?.tokens as f64)),
    Metric::new("state_bytes_per_parameter", |cell| {
        Some(cell.log.as_ref()?.state.per_parameter())
    }),
];
const COST: [Metric<PrunedModel>; 3] = [
    Metric::new("solve_seconds", |cell| Some(cell.solve_seconds)),
    Metric::new("peak_rss_mib", PrunedModel::peak_rss_mib),
    Metric::new("training_tokens_per_second", |cell| {
        Some(cell.log.as_ref()?.tokens_per_second())
    }),
];

impl PruningStudy {
    /// Measures the model before pruning.
    ///
    /// # Errors
    ///
    /// If the model or the test text cannot be read.
    pub fn open(case: PruningCase, sweeps: Vec<Sweep>, desk: &Desk) -> Result<Self, ExperimentError> {
        Ok(Self {
            dense_perplexity: measure_perplexity(&case, &case.model, desk)?,
            case,
            tier: desk.setting.tier,
            sweeps,
        })
    }

    #[cfg(test)]
    pub fn without_measuring(case: PruningCase, sweeps: Vec<Sweep>, tier: Tier) -> Self {
        Self {
            case,
            tier,
            sweeps,
            dense_perplexity: 50.0,
        }
    }

    pub fn keys(&self) -> Vec<PruningKey> {
        self.sweeps.iter().flat_map(Sweep::keys).collect()
    }

    /// Seeds of the first sweep, which has the most.
    pub fn seeds(&self) -> Vec<u64> {
        self.sweeps[0].seeds.to_vec()
    }

    /// Side by side in the quick tier, which reports neither times nor memory.
    pub fn order(&self) -> Order {
        Order::of_timed(self.tier)
    }

    /// The model before pruning, then each method at each pattern.
    pub fn rows(&self, cells: &[Measured<PruningKey, PrunedModel>]) -> Vec<Row> {
        let mut rows = vec![self.case.dense().row("perplexity", self.dense_perplexity)];
        for group in group_cells(cells, |at| Some(((at.key.method, at.key.pattern), &at.cell))) {
            let (method, pattern) = group.case;
            let subject = self.case.subject(method, pattern);
            rows.extend(subject.rows(&QUALITY, &group.cells));
            if self.order() == Order::InTurn {
                rows.extend(subject.rows(&COST, &group.cells));
            }
        }
        rows
    }

    /// Notes on the case, on models with too few zeros, and on missing measurements.
    pub fn notes(&self, cells: &[Measured<PruningKey, PrunedModel>]) -> Vec<String> {
        let inexact = cells.iter().filter(|measured| !measured.cell.exact).count();
        let (windows, window) = self.case.calibration_windows;
        let mut notes = self.case.notes.clone();
        notes.push(format!(
            "Calibration: {windows} windows of {window} tokens. Of {} pruned models, {inexact} missed the requested \
             number of zeros in some layer.",
            cells.len()
        ));
        if self.order() == Order::SideBySide {
            let note = "Models are made side by side, one thread each, so times and memory are not reported here.";
            notes.push(note.into());
        }
        notes
    }
}
