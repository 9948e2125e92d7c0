//! Experts of a trained language model removed by every method.

mod bench;
mod case;

use std::sync::OnceLock;

use burn::tensor::Device;
use secateurs::ExpertMethod;
use secateurs_chart::Scale;

use self::bench::ExpertsBench;
use self::case::{CALIBRATION_WINDOW, CALIBRATION_WINDOWS, ExpertsCase, places};
use crate::ExperimentError;
use crate::outcome::{Outcome, Row, Tier};
use crate::report::{Chart, plot_group};

pub use self::bench::ExpertsCell;
pub use self::case::ExpertsKey;

/// The part of the claim that removes experts.
pub struct Experts {
    case: ExpertsCase,
    device: Device,
    /// Opened by the first cell that is wanted.
    bench: OnceLock<ExpertsBench>,
}

/// A cell with its key.
pub struct MeasuredExperts<'a> {
    pub key: ExpertsKey,
    pub cell: &'a ExpertsCell,
}

impl Experts {
    pub fn new(tier: Tier, device: &Device) -> Self {
        Self {
            case: ExpertsCase::new(tier),
            device: device.clone(),
            bench: OnceLock::new(),
        }
    }

    pub fn keys(&self) -> impl Iterator<Item = ExpertsKey> {
        self.case.keys()
    }

    pub fn measure(&self, key: &ExpertsKey) -> Result<ExpertsCell, ExperimentError> {
        self.bench()?.measure(key)
    }

    /// Models that keep all experts, then every method and share; nothing if no cell was wanted.
    pub fn rows(&self, cells: &[MeasuredExperts<'_>]) -> Result<Vec<Row>, ExperimentError> {
        if cells.is_empty() {
            return Ok(Vec::new());
        }
        let dense = self.open("llama-austen")?;
        let row = |method: &str, perplexity: f64| {
            Row::mean_with_deviation(method, "perplexity", &[perplexity])
                .case("dataset", "austen")
                .control()
        };
        let mut rows = vec![
            row("all experts", self.bench()?.own_perplexity()?),
            row("dense of equal size", dense.own_perplexity()?).case("removed", 0.5),
        ];
        for (method, share) in places() {
            let of_place = cells.iter();
            let of_place = of_place.filter(|measured| (measured.key.method, measured.key.share) == (method, share));
            let cells: Vec<&ExpertsCell> = of_place.map(|measured| measured.cell).collect();
            if !cells.is_empty() {
                rows.extend(place_rows(method, share, &cells));
            }
        }
        Ok(rows)
    }

    pub fn note(&self) -> Result<String, ExperimentError> {
        Ok(note(self.bench()?, &self.case))
    }

    fn bench(&self) -> Result<&ExpertsBench, ExperimentError> {
        if let Some(bench) = self.bench.get() {
            return Ok(bench);
        }
        let bench = self.open("moe-austen")?;
        Ok(self.bench.get_or_init(|| bench))
    }

    fn open(&self, name: &str) -> Result<ExpertsBench, ExperimentError> {
        ExpertsBench::open(name, &self.case, &self.device)
    }
}

fn place_rows(method: ExpertMethod, share: f64, cells: &[&ExpertsCell]) -> Vec<Row> {
    let row = |metric: &str, value: fn(&ExpertsCell) -> f64| {
        let samples: Vec<f64> = cells.iter().map(|cell| value(cell)).collect();
        let row = Row::mean_with_deviation(method.name(), metric, &samples)
            .case("dataset", "austen")
            .case("removed", share);
        if method.is_control() { row.control() } else { row }
    };
    let mut rows = vec![
        row("perplexity", |cell| cell.perplexity),
        row("parameters_million", |cell| cell.n_parameters as f64 / 1e6),
    ];
    if method.removes_experts() {
        rows.push(row("lost_gate_share", |cell| cell.lost_gates));
        rows.push(row("tokens_that_lost_one", |cell| cell.affected_tokens));
        rows.push(row("tokens_that_lost_all", |cell| cell.abandoned_tokens));
    }
    rows
}

fn note(bench: &ExpertsBench, case: &ExpertsCase) -> String {
    let (windows, window) = (CALIBRATION_WINDOWS, CALIBRATION_WINDOW);
    let experts = bench.config.experts.map_or(0, |experts| experts.n_experts);
    format!(
        "Experts: a model of {experts} experts in each of {} blocks, two per token, trained on four novels by the project's own command; \
         {} seeds, each with {windows} other calibration windows of {window} tokens of Persuasion, measured on {} windows of {} tokens of \
         Northanger Abbey. Nothing is trained after pruning. `mone` keeps constants in the place of experts; `moe-pruner` zeroes \
         that share of the weights in all experts instead, so its number of parameters counts what is not zero. The dense model \
         of equal size was trained on the same tokens and has the feed-forward parameters that half of the experts have.",
        bench.config.n_blocks, case.seeds, case.test.count, case.test.window
    )
}

/// Perplexity against the share of experts that were removed, if any were.
pub fn chart(outcome: &Outcome) -> Option<Chart> {
    let groups = outcome.groups_along("removed");
    let methods: Vec<&str> = ExpertMethod::ALL.iter().map(|method| method.name()).collect();
    let perplexity = groups.iter().find(|group| group.metric == "perplexity")?;
    let plot = plot_group(perplexity, "removed", &methods).y_scale(Scale::Log);
    Some(Chart::new("experts-perplexity", plot.to_svg()))
}
