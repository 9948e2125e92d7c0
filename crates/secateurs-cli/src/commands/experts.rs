//! `secateurs experts`

use std::path::PathBuf;

use clap::Args;
use secateurs::data::FloatType;
use secateurs::tensor::Sparsity;
use secateurs::{
    Calibration, CalibrationDraft, ExpertJob, ExpertMethod, ExpertPlan, ExpertReport, Overwrite, is_trace_file,
    prune_experts,
};
use serde::Serialize;

use crate::error::CliError;
use crate::options::device::DeviceArgs;
use crate::options::named::named;
use crate::options::numbers::at_least;
use crate::options::recipe::FORMATS;
use crate::options::show::ShowArgs;
use crate::terminal::cost::describe_cost;
use crate::terminal::screen::Screen;
use crate::terminal::table::Table;
use crate::terminal::units::{percent, seconds};

const EXPERTS_EXAMPLES: &str = "\
Methods:
  random      control: random experts go
  frequency   the experts that answer the fewest tokens go
  gate-mass   the experts with the smallest sum of gates go
  ean         the experts with the smallest sum of ||f(x)|| go
  reap        the experts with the smallest mean of g(x) ||f(x)|| go
  naee        keeps the subset of experts that changes the layer's output least; up to 5000 subsets are all tried
  hc-smoe     experts with similar answers are merged into one
  moe-pruner  no expert goes; the share is removed from the weights of each, chosen with the help of the router

The router keeps its logits for the experts that stay, and its probabilities are normalised over them. Nothing is trained.
experts.json beside the model says for every block which experts went and which share of the tokens lost one.

Examples:
  secateurs experts ./OLMoE-1B-7B -m reap --remove 0.25 -c train.txt -o smaller
  secateurs experts ./mixtral -m naee --remove 25% -c train.txt --windows 32 -o smaller --json | jq .blocks
  secateurs eval smaller --text test.txt
";

/// Removes experts of a mixture (Mixtral or OLMoE) without breaking its router
///
/// The whole model is in memory. The output appears when it is complete.
#[derive(Debug, Args)]
#[command(after_help = EXPERTS_EXAMPLES)]
pub(crate) struct ExpertsArgs {
    /// Hugging Face folder
    model: PathBuf,
    /// Folder to write
    #[arg(short, long, value_name = "FOLDER")]
    out: PathBuf,
    /// Method that chooses the experts
    #[arg(short, long, value_name = "METHOD", default_value = "reap", value_parser = named(&methods()))]
    method: ExpertMethod,
    /// Share of the experts of every block to remove, rounded down to whole experts: 0.25 or 25%
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    remove: Sparsity,
    /// UTF-8 text or traces on which the experts are observed
    #[arg(short, long, value_name = "FILE")]
    calibration: PathBuf,
    /// For a text: tokens in a window [default: 1024]
    #[arg(long, value_name = "TOKENS", value_parser = at_least(2))]
    window: Option<usize>,
    /// For a text: number of windows [default: 16]
    #[arg(long, value_name = "COUNT", value_parser = at_least(1))]
    windows: Option<usize>,
    /// Number format of the output
    #[arg(long, value_name = "FORMAT", default_value = "f32", value_parser = named(&FORMATS))]
    dtype: FloatType,
    /// Seed of the method random
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    device: DeviceArgs,
    /// Replace an earlier output
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    show: ShowArgs,
}

/// The methods whose results a file can hold.
fn methods() -> Vec<ExpertMethod> {
    let all = ExpertMethod::ALL.into_iter();
    all.filter(|method| !method.leaves_constants()).collect()
}

/// The object of `--json`.
#[derive(Debug, Serialize)]
struct ExpertsResult<'a> {
    n_experts: usize,
    n_experts_before: usize,
    n_parameters: u64,
    n_parameters_before: u64,
    seconds: f64,
    #[serde(flatten)]
    report: &'a ExpertReport,
}

/// Removes experts of a model.
pub(crate) fn run(args: &ExpertsArgs, screen: &Screen) -> Result<(), CliError> {
    let device = args.device.open()?;
    let calibration = calibration(args)?;
    let job = ExpertJob {
        model: &args.model,
        out: &args.out,
        plan: ExpertPlan {
            method: args.method,
            share: args.remove,
            seed: args.seed,
        },
        calibration: &calibration,
        dtype: args.dtype,
        overwrite: if args.force { Overwrite::Force } else { Overwrite::Never },
        device: &device,
    };
    let bar = args.show.bar(screen, "observing experts", 0);
    let outcome = prune_experts(&job, &mut |done, all| {
        bar.resize(all);
        bar.set(done);
    })?;
    drop(bar);
    let report = &outcome.report;
    let (experts, cost) = (report.units.first(), report.cost.unwrap_or_default());
    let result = ExpertsResult {
        n_experts: experts.map_or(0, |unit| unit.after),
        n_experts_before: experts.map_or(0, |unit| unit.before),
        n_parameters: cost.after.parameters,
        n_parameters_before: cost.before.parameters,
        seconds: outcome.seconds,
        report,
    };
    args.show.result(&result, |result| describe(result, args))
}

fn calibration(args: &ExpertsArgs) -> Result<Calibration, CliError> {
    let path = Some(args.calibration.clone());
    let (text, traces) = if is_trace_file(&args.calibration) {
        (None, path)
    } else {
        (path, None)
    };
    let draft = CalibrationDraft {
        text,
        traces,
        window: args.window,
        windows: args.windows,
        ..CalibrationDraft::default()
    };
    Ok(draft.try_into().map_err(secateurs::Error::from)?)
}

fn describe(result: &ExpertsResult<'_>, args: &ExpertsArgs) -> String {
    let mut table = Table::new(&["block", "removed", "of the gates", "tokens that lost one", "lost all"]);
    for (index, block) in result.report.blocks.iter().enumerate() {
        let removed: Vec<String> = block.removed.iter().map(usize::to_string).collect();
        table.row([
            index.to_string(),
            if removed.is_empty() {
                "none".into()
            } else {
                removed.join(" ")
            },
            percent(block.lost_gates),
            percent(block.affected_tokens),
            percent(block.abandoned_tokens),
        ]);
    }
    let cost = result.report.cost.as_ref().map(describe_cost).unwrap_or_default();
    format!(
        "{}\n{}: {} of {} experts in every block, {} of the experts' weights are zero, {}\n{cost}\n{}\n",
        table.render(),
        args.method,
        result.n_experts,
        result.n_experts_before,
        percent(result.report.sparsity),
        seconds(result.seconds),
        args.out.display(),
    )
}
