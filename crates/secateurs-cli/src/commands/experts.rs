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
use crate::options::named::{explained, named};
use crate::options::numbers::at_least;
use crate::options::recipe::FORMATS;
use crate::options::show::ShowArgs;
use crate::terminal::cost::describe_cost;
use crate::terminal::screen::Screen;
use crate::terminal::table::Table;
use crate::terminal::units::{percent, seconds};

const EXPERTS_EXAMPLES: &str = "\
Example, on the mixture of the repository, in seconds:
  secateurs experts fixtures/moe-austen --remove 0.25 \\
    -c fixtures/austen/persuasion.txt --window 256 \\
    -o smaller
  secateurs eval smaller \\
    -t fixtures/austen/northangerabbey.txt --windows 24

As JSON, by another method:
  secateurs experts MODEL -m naee --remove 25% -c train.txt \\
    -o smaller --json | jq .blocks
";

/// Removes whole experts from a mixture (Mixtral, OLMoE)
///
/// The router keeps its logits for the remaining experts and is normalised over them. Nothing is trained. The whole model
/// is held in memory.
///
/// The output is a Hugging Face folder of the remaining experts. Beside the weights it holds experts.json: for each block the
/// experts removed, and the fraction of tokens that lost one. The output appears when it is complete.
#[derive(Debug, Args)]
#[command(after_help = EXPERTS_EXAMPLES)]
pub(crate) struct ExpertsArgs {
    /// Hugging Face folder
    model: PathBuf,
    /// Folder to write; must not exist
    #[arg(short, long, value_name = "FOLDER")]
    out: PathBuf,
    /// Method that chooses the experts to remove
    #[arg(short, long, value_name = "METHOD", default_value = "reap", value_parser = explained(&methods(), explain))]
    method: ExpertMethod,
    /// Fraction of the experts of each block to remove, rounded down to whole experts: 0.25 or 25%
    #[arg(long, value_name = "FRACTION", allow_negative_numbers = true)]
    remove: Sparsity,
    /// Calibration data: a UTF-8 text, or traces made by `secateurs trace`
    #[arg(short, long, value_name = "FILE")]
    calibration: PathBuf,
    /// Tokens in each window of the text [default: 1024]
    #[arg(long, value_name = "TOKENS", value_parser = at_least(2))]
    window: Option<usize>,
    /// Number of windows, taken from the start of the text without overlap [default: 16]
    #[arg(long, value_name = "COUNT", value_parser = at_least(1))]
    windows: Option<usize>,
    /// Number format of the weights written
    #[arg(long, value_name = "FORMAT", default_value = "f32", value_parser = named(&FORMATS))]
    dtype: FloatType,
    /// Seed of the method random [default: 0]
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
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

fn explain(method: &ExpertMethod) -> &'static str {
    match method {
        ExpertMethod::Random => "Control: removes random experts",
        ExpertMethod::Frequency => "Removes the experts with the fewest tokens",
        ExpertMethod::GateMass => "Removes the experts with the smallest sum of router weights g(x)",
        ExpertMethod::Ean => "Removes the experts with the smallest sum of ||f(x)||",
        ExpertMethod::Reap => "Removes the experts with the smallest mean of g(x) ||f(x)||",
        ExpertMethod::Naee => {
            "Keeps the subset of experts that changes the layer's output least; tries all subsets, or searches where there \
             are more than 5000"
        }
        ExpertMethod::HcSmoe => "Merges experts with similar outputs into one",
        ExpertMethod::MoePruner => "Removes no expert, but that fraction of the weights of each",
        ExpertMethod::Mone | ExpertMethod::ReapMean => "Puts constants in the place of experts, in memory only",
    }
}

/// The seed, refused where nothing is random.
fn seed(args: &ExpertsArgs) -> Result<u64, CliError> {
    match args.seed {
        Some(_) if args.method != ExpertMethod::Random => Err(CliError::IdleSeed {
            method: args.method.to_string(),
        }),
        seed => Ok(seed.unwrap_or(0)),
    }
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
            seed: seed(args)?,
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
    let mut table = Table::new(&[
        "block",
        "removed",
        "of router weight",
        "tokens that lost one",
        "tokens that lost all",
    ]);
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
        "{}\n{}: {} of {} experts stay in each block; {} of their weights are zero\n\
         {} total\n{cost}\n{out} holds the model and experts.json. Next:\n  secateurs eval {out} --text FILE\n",
        table.render(),
        args.method,
        result.n_experts,
        result.n_experts_before,
        percent(result.report.sparsity),
        seconds(result.seconds),
        out = args.out.display(),
    )
}
