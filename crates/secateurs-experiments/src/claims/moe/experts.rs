//! Experts of a trained language model removed by every method.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use secateurs::data::{Checkpoint, read_text};
use secateurs::models::llama::{Llama, LlamaConfig, load_llama};
use secateurs::tensor::Sparsity;
use secateurs::{
    Evaluation, Evidence, ExpertMethod, ExpertObservation, ExpertPlan, evaluate_llama, first_windows, observe_experts,
    remove_experts,
};
use serde::{Deserialize, Serialize};

use crate::ExperimentError;
use crate::claims::kept::kept_cell;
use crate::claims::language_model::progress;
use crate::claims::{Plots, Setting};
use crate::fixtures;
use crate::outcome::{Outcome, Row, Tier, workspace_root};
use crate::report::{Chart, plot_group};
use secateurs_chart::Scale;

/// Shares of experts that go.
const SHARES: [f64; 3] = [0.25, 0.5, 0.75];
/// Windows that calibrate, and their tokens.
const CALIBRATION: (usize, usize) = (8, 256);

/// What one pruned model measures.
#[derive(Serialize, Deserialize)]
struct Cell {
    perplexity: f64,
    /// Share of the gates of calibration tokens that belonged to removed experts, mean over the blocks.
    lost_gates: f64,
    /// Share of calibration tokens that lost an expert, and that lost all of theirs, means over the blocks.
    affected_tokens: f64,
    abandoned_tokens: f64,
    n_parameters: usize,
}

/// How much is measured.
struct Case {
    seeds: u64,
    /// Windows that measure, and their tokens.
    test: (usize, usize),
}

impl Case {
    fn of(tier: Tier) -> Self {
        match tier {
            Tier::Quick => Self {
                seeds: 3,
                test: (12, 512),
            },
            Tier::Full => Self {
                seeds: 10,
                test: (64, 512),
            },
        }
    }
}

/// A model with the texts that calibrate and measure it.
struct Bench {
    config: LlamaConfig,
    llama: Llama,
    test: Vec<Vec<u32>>,
    calibration: Vec<Vec<u32>>,
}

impl Bench {
    fn open(name: &str, case: &Case, device: &Device) -> Result<Self, ExperimentError> {
        let folder = workspace_root().join("fixtures");
        let checkpoint = Checkpoint::open(&folder.join(name))?;
        let tokenizer = checkpoint.tokenizer()?;
        let text = |name: &str| read_text(&folder.join("austen").join(format!("{name}.txt")));
        let n_calibration = (case.seeds as usize * CALIBRATION.0, CALIBRATION.1);
        let (config, llama) = load_llama(&checkpoint, device)?;
        Ok(Self {
            test: first_windows(&tokenizer, &text(fixtures::TEST)?, case.test, "the test text")?,
            calibration: first_windows(
                &tokenizer,
                &text(fixtures::CALIBRATION)?,
                n_calibration,
                "the calibration text",
            )?,
            config,
            llama,
        })
    }

    fn perplexity(&self, llama: &Llama) -> Result<f64, ExperimentError> {
        match evaluate_llama(&self.config, llama, &self.test, &mut |_, _| {}) {
            Ok(Evaluation { perplexity, .. }) => Ok(perplexity),
            Err(secateurs::Error::LossNotFinite { .. }) => Ok(f64::INFINITY),
            Err(error) => Err(error.into()),
        }
    }
}

pub(super) fn run(setting: &Setting, outcome: &mut Outcome) -> Result<Plots, ExperimentError> {
    let case = Case::of(setting.tier);
    let cases: Vec<(ExpertMethod, f64)> = ExpertMethod::ALL
        .into_iter()
        .flat_map(|method| SHARES.map(|share| (method, share)))
        .filter(|(method, share)| setting.wants(&name_of(*method, *share)))
        .collect();
    if cases.is_empty() {
        return Ok(Plots::new());
    }
    let bench = Bench::open("moe-austen", &case, &setting.device)?;
    let dense = Bench::open("llama-austen", &case, &setting.device)?;
    let row = |method: &str, metric: &str, samples: &[f64]| {
        Row::mean_with_deviation(method, metric, samples)
            .case("dataset", "austen")
            .control()
    };
    outcome
        .rows
        .push(row("all experts", "perplexity", &[bench.perplexity(&bench.llama)?]));
    outcome
        .rows
        .push(row("dense of equal size", "perplexity", &[dense.perplexity(&dense.llama)?]).case("removed", 0.5));
    let bar = progress(cases.len() * case.seeds as usize);
    let mut cells: Vec<Vec<Cell>> = cases.iter().map(|_| Vec::new()).collect();
    for seed in 0..case.seeds {
        let mut observed = None;
        for ((method, share), cells) in cases.iter().zip(&mut cells) {
            bar.set_message(format!("{} {share}", method.name()));
            let name = format!("{}-{seed}", name_of(*method, *share));
            cells.push(kept_cell(setting, outcome, &name, || {
                let observed = match &mut observed {
                    Some(observed) => observed,
                    none => none.insert(seen(&bench, seed)?),
                };
                cell(&bench, observed, (*method, *share, seed))
            })?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    for ((method, share), cells) in cases.iter().zip(&cells) {
        outcome.rows.extend(rows(*method, *share, cells));
    }
    outcome.notes.push(note(&bench, &case));
    Ok(vec![chart(outcome)])
}

fn name_of(method: ExpertMethod, share: f64) -> String {
    format!("experts-{}-{}%", method.name(), share * 100.0)
}

fn seen(bench: &Bench, seed: u64) -> Result<Vec<ExpertObservation>, ExperimentError> {
    let windows = &bench.calibration[seed as usize * CALIBRATION.0..][..CALIBRATION.0];
    let model = (&bench.config, &bench.llama);
    Ok(observe_experts(model, windows, Evidence::ALL, &mut |_, _| {})?)
}

fn cell(
    bench: &Bench,
    observed: &[ExpertObservation],
    (method, share, seed): (ExpertMethod, f64, u64),
) -> Result<Cell, ExperimentError> {
    let share = Sparsity::new(share)?;
    let (llama, report) = remove_experts(&bench.llama, observed, &ExpertPlan { method, share, seed })?;
    let mean = |value: fn(&secateurs::BlockExperts) -> f64| {
        report.blocks.iter().map(value).sum::<f64>() / report.blocks.len() as f64
    };
    Ok(Cell {
        perplexity: bench.perplexity(&llama)?,
        lost_gates: mean(|block| block.lost_gates),
        affected_tokens: mean(|block| block.affected_tokens),
        abandoned_tokens: mean(|block| block.abandoned_tokens),
        n_parameters: n_nonzero(&llama),
    })
}

fn rows(method: ExpertMethod, share: f64, cells: &[Cell]) -> Vec<Row> {
    let row = |metric: &str, value: &dyn Fn(&Cell) -> f64| {
        let samples: Vec<f64> = cells.iter().map(value).collect();
        let row = Row::mean_with_deviation(method.name(), metric, &samples)
            .case("dataset", "austen")
            .case("removed", share);
        if method.is_control() { row.control() } else { row }
    };
    let mut rows = vec![
        row("perplexity", &|cell| cell.perplexity),
        row("parameters_million", &|cell| cell.n_parameters as f64 / 1e6),
    ];
    if method.removes_experts() {
        rows.push(row("lost_gate_share", &|cell| cell.lost_gates));
        rows.push(row("tokens_that_lost_one", &|cell| cell.affected_tokens));
        rows.push(row("tokens_that_lost_all", &|cell| cell.abandoned_tokens));
    }
    rows
}

fn note(bench: &Bench, case: &Case) -> String {
    let (windows, window) = CALIBRATION;
    let experts = bench.config.experts.map_or(0, |experts| experts.n_experts);
    format!(
        "Experts: a model of {experts} experts in each of {} blocks, two per token, trained on four novels by the project's own command; \
         {} seeds, each with {windows} other calibration windows of {window} tokens of Persuasion, measured on {} windows of {} tokens of \
         Northanger Abbey. Nothing is trained after pruning. `mone` keeps constants in the place of experts; `moe-pruner` zeroes \
         that share of the weights in all experts instead, so its number of parameters counts what is not zero. The dense model \
         of equal size was trained on the same tokens and has the feed-forward parameters that half of the experts have.",
        bench.config.n_blocks, case.seeds, case.test.0, case.test.1
    )
}

fn chart(outcome: &Outcome) -> Chart {
    let group = outcome.groups_along("removed");
    let methods: Vec<&str> = ExpertMethod::ALL.iter().map(|method| method.name()).collect();
    let perplexity = group.iter().find(|group| group.metric == "perplexity");
    let svg = perplexity.map_or_else(String::new, |group| {
        plot_group(group, "removed", &methods).y_scale(Scale::Log).to_svg()
    });
    Chart::new("experts-perplexity", svg)
}

/// Parameters that are not zero.
fn n_nonzero(llama: &Llama) -> usize {
    let mut counter = Counter(0);
    llama.visit(&mut counter);
    counter.0
}

struct Counter(usize);

impl ModuleVisitor for Counter {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let data = param.val().into_data();
        self.0 += data.iter::<f32>().filter(|value| *value != 0.0).count();
    }
}
