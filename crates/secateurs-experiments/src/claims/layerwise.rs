//! Layer-wise pruning: which method keeps a language model alive up to which sparsity.
//!
//! Expected (SparseGPT arXiv 2301.00774, Wanda 2306.11695, L-ADMM 2401.02938, ALPS 2406.07831): at 50 % ALPS and L-ADMM
//! below SparseGPT below Wanda below magnitude; random control destroyed at once; all layer-wise methods break down
//! towards 90 %.

use secateurs::Method;

use secateurs_chart::Scale;

use super::harness::{About, Claim, Desk, Measured};
use super::language_model::{
    PrunedModel, PruningCase, PruningKey, measure_perplexity, measure_pruned, name_pattern, row_of,
};
use crate::ExperimentError;
use crate::outcome::{Better, Outcome, Question, Row};
use crate::report::{Chart, charts_along};

/// The claim.
pub struct Layerwise {
    case: PruningCase,
    dense_perplexity: f64,
}

type Cells<'a> = &'a [Measured<PruningKey, PrunedModel>];

impl Claim for Layerwise {
    const ABOUT: &'static About = &About {
        name: "layerwise",
        title: "Layer-wise pruning of a language model",
        summary: "every layer-wise method at 50-90 % and N:M, beside random and magnitude",
        reference: "arXiv 2301.00774, 2306.11695, 2401.02938, 2406.07831",
        axes: &["sparsity"],
    };

    type Key = PruningKey;
    type Cell = PrunedModel;

    fn open(desk: &Desk) -> Result<Self, ExperimentError> {
        let case = PruningCase::new(desk.setting.tier)?;
        let dense_perplexity = measure_perplexity(&case, &case.model, desk)?;
        Ok(Self { case, dense_perplexity })
    }

    fn keys(&self) -> Vec<PruningKey> {
        let patterns = &self.case.patterns;
        let places = Method::LAYERWISE
            .into_iter()
            .flat_map(|method| patterns.iter().map(move |pattern| (method, *pattern)));
        let with_seeds = |(method, pattern)| {
            let seeds = self.seeds_of(method).iter();
            seeds.map(move |&seed| PruningKey { method, pattern, seed })
        };
        places.flat_map(with_seeds).collect()
    }

    fn measure(&self, key: &PruningKey, desk: &Desk) -> Result<PrunedModel, ExperimentError> {
        measure_pruned(&self.case, key, desk)
    }

    fn rows(&self, cells: Cells<'_>) -> Result<Vec<Row>, ExperimentError> {
        let dense = row_of(&self.case, "dense", "perplexity", &[self.dense_perplexity]);
        let mut rows = vec![dense.case("pattern", "unstructured")];
        let of_one = cells.chunk_by(|a, b| (a.key.method, a.key.pattern) == (b.key.method, b.key.pattern));
        rows.extend(of_one.flat_map(|cells| self.rows_of(cells)));
        Ok(rows)
    }

    fn notes(&self, cells: Cells<'_>) -> Result<Vec<String>, ExperimentError> {
        let inexact = cells.iter().filter(|measured| !measured.cell.exact).count();
        let (windows, window) = self.case.calibration_windows;
        let mut notes = self.case.notes.clone();
        notes.push(format!(
            "Calibration: {windows} windows of {window} tokens. Of {} pruned models, {inexact} missed the requested \
             number of zeros in some layer.",
            cells.len()
        ));
        Ok(notes)
    }

    fn seeds(&self) -> Vec<u64> {
        self.case.seeds.clone()
    }

    fn paper(&self) -> Vec<Row> {
        let references = self.case.reference.iter();
        let row = references.map(|reference| {
            let row = row_of(&self.case, reference.method, "perplexity", &[reference.value]);
            let row = row.case("pattern", "unstructured");
            match reference.sparsity {
                None => row,
                Some(sparsity) => row.case("sparsity", sparsity),
            }
        });
        row.collect()
    }

    fn questions(&self) -> Vec<Question> {
        let text = "Does a solver that compensates keep more of the model than magnitude?";
        let question = Question::new(text, "alps", "perplexity", Better::Lower)
            .at("pattern", "unstructured")
            .at("sparsity", 0.7)
            .beside(["magnitude", "random"])
            .measured_as("perplexity at 70 % zeros");
        vec![question]
    }

    fn charts(&self, outcome: &Outcome, _: Cells<'_>) -> Result<Vec<Chart>, ExperimentError> {
        let mut charts = charts_along(outcome, "sparsity", Scale::Log);
        charts.retain(|chart| chart.entry.name.starts_with("perplexity") || chart.entry.name.starts_with("solve"));
        Ok(charts)
    }
}

impl Layerwise {
    /// Magnitude depends neither on a seed nor on calibration: once is enough.
    fn seeds_of(&self, method: Method) -> &[u64] {
        if method == Method::Magnitude {
            &self.case.seeds[..1]
        } else {
            &self.case.seeds
        }
    }

    /// The rows of one method and pattern.
    fn rows_of(&self, cells: Cells<'_>) -> Vec<Row> {
        let Some(PruningKey { method, pattern, .. }) = cells.first().map(|measured| measured.key) else {
            return Vec::new();
        };
        let row = |metric: &str, samples: &[f64]| {
            let row = row_of(&self.case, method.name(), metric, samples)
                .case("pattern", name_pattern(pattern))
                .case("sparsity", pattern.sparsity());
            if method.is_control() { row.control() } else { row }
        };
        let samples = |of: fn(&PrunedModel) -> f64| -> Vec<f64> { cells.iter().map(|at| of(&at.cell)).collect() };
        let peaks = cells.iter().filter_map(|measured| measured.cell.peak_rss_mib());
        let mut rows = vec![
            row("perplexity", &samples(|cell| cell.perplexity)),
            row("solve_seconds", &samples(|cell| cell.solve_seconds)),
        ];
        rows.extend(peaks.reduce(f64::max).map(|peak| row("peak_rss_mib", &[peak])));
        rows
    }
}
