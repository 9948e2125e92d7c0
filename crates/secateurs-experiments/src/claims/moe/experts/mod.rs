//! Experts of a trained language model removed by every method.

mod bench;
mod case;

use std::sync::OnceLock;

use burn::tensor::Device;
use secateurs::ExpertMethod;
use secateurs_chart::Scale;

use self::bench::ExpertsBench;
use self::case::{CALIBRATION_WINDOW, CALIBRATION_WINDOWS, ExpertsCase};
use crate::ExperimentError;
use crate::claims::harness::CaseCells;
use crate::outcome::{Better, Metric, Outcome, Question, Row, Subject, Tier};
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

/// The cells of a method at a share, one for each seed.
pub type PlaceCells<'a> = CaseCells<'a, (ExpertMethod, f64), ExpertsCell>;

const QUALITY: [Metric<ExpertsCell>; 2] = [
    Metric::new("perplexity", |cell| Some(cell.perplexity)),
    Metric::new("parameters_million", |cell| Some(cell.n_parameters as f64 / 1e6)),
];
const LOST: [Metric<ExpertsCell>; 3] = [
    Metric::new("lost_gate_share", |cell| Some(cell.lost_gates)),
    Metric::new("tokens_that_lost_one", |cell| Some(cell.affected_tokens)),
    Metric::new("tokens_that_lost_all", |cell| Some(cell.abandoned_tokens)),
];

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
    pub fn rows(&self, places: &[PlaceCells<'_>]) -> Result<Vec<Row>, ExperimentError> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let control = |name: &str| Subject::new(name).case("dataset", "austen").control();
        let dense = self.open("llama-austen")?.own_perplexity()?;
        let mut rows = vec![
            control("all experts").row("perplexity", self.bench()?.own_perplexity()?),
            control("dense of equal size")
                .case("removed", 0.5)
                .row("perplexity", dense),
        ];
        rows.extend(places.iter().flat_map(rows_of));
        Ok(rows)
    }

    pub fn seeds(&self) -> Vec<u64> {
        (0..self.case.seeds).collect()
    }

    pub fn questions(&self) -> [Question; 2] {
        let half = |text, method| {
            Question::new(text, method, "perplexity", Better::Lower)
                .at("removed", 0.5)
                .beside(["random"])
                .measured_as("perplexity without half of the experts")
        };
        [
            half("Does REAP's score remove better experts than chance?", "reap")
                .paper("near-lossless at 50 % (Qwen3-Coder-480B)"),
            half("Does trying every set of experts (NAEE) beat chance?", "naee")
                .paper("7.1 points of accuracy lost at 50 % (Mixtral 8x7B)"),
        ]
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

/// The rows of a method at a share.
pub fn rows_of(place: &PlaceCells<'_>) -> Vec<Row> {
    let (method, share) = place.case;
    let subject = Subject::new(method.name())
        .case("dataset", "austen")
        .case("removed", share);
    let subject = if method.is_control() {
        subject.control()
    } else {
        subject
    };
    let mut rows = subject.rows(&QUALITY, &place.cells);
    if method.removes_experts() {
        rows.extend(subject.rows(&LOST, &place.cells));
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
