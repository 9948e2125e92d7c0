//! The flags of a recipe that have a table of their own: calibration, allocation, settings of methods.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, value_parser};
use secateurs::is_trace_file;
use secateurs::tensor::Scope;
use toml::{Table, Value};

use crate::error::CliError;
use crate::options::recipe::{integer, section, set};

/// What calibrates.
#[derive(Debug, Args)]
#[command(next_help_heading = "Calibration (all methods but random, magnitude, elsa and elsa-l)")]
pub(crate) struct CalibrationArgs {
    /// UTF-8 text, or traces of `secateurs trace`, whose activations calibrate
    #[arg(short, long, value_name = "FILE")]
    calibration: Option<String>,
    /// Of a text: length of a window [default: 1024]
    #[arg(long, value_name = "TOKENS", value_parser = value_parser!(u32).range(2..))]
    window: Option<u32>,
    /// Of a text: the first COUNT non-overlapping windows are used [default: 16]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..))]
    windows: Option<u32>,
    /// Of traces: prompt, or full for prompt and continuation [default: full]
    #[arg(long, value_name = "PART", value_parser = ["prompt", "full"])]
    calibration_part: Option<String>,
    /// Of traces: exactly COUNT tokens in all, from the start of the file, the last trace cut [default: all]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..))]
    calibration_tokens: Option<u32>,
}

/// How sparsity is spread over blocks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Spread over blocks")]
pub(crate) struct AllocationArgs {
    /// Remove less from blocks with more outliers (OWL)
    #[arg(long)]
    owl: bool,
    /// The same sparsity for every block, whatever the recipe says
    #[arg(long, conflicts_with_all = ["owl", "owl_m", "owl_lambda"])]
    uniform: bool,
    /// An outlier is X times the mean score; implies --owl [default: 5]
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = not_negative)]
    owl_m: Option<f64>,
    /// Largest deviation of a block from --sparsity; implies --owl [default: 0.08]
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = not_negative)]
    owl_lambda: Option<f64>,
}

/// Settings of single methods.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings of methods")]
pub(crate) struct SettingArgs {
    /// Weights that compete; global is for elsa and elsa-l [default: per-output for wanda, else per-layer]
    #[arg(long, value_name = "SCOPE", value_parser = scopes())]
    scope: Option<Scope>,
    /// Relative damping of the Gram matrix [default: 0.1 for l-admm, else 0.01]
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = not_negative)]
    damping: Option<f64>,
    /// Iterations of l-admm [default: 20], limit of those of alps [default: 300]
    #[arg(long, value_name = "COUNT", value_parser = value_parser!(u32).range(1..))]
    iterations: Option<u32>,
    /// How the mask of l-admm grows [default: gradual]
    #[arg(long, value_name = "SCHEDULE", value_parser = ["gradual", "constant"])]
    schedule: Option<String>,
}

impl CalibrationArgs {
    /// Overrides the recipe with the flags that were given.
    pub(crate) fn apply(&self, table: &mut Table) -> Result<(), CliError> {
        let Self {
            calibration: file,
            window,
            windows,
            calibration_part: part,
            calibration_tokens: tokens,
        } = self;
        let of_text = window.is_some() || windows.is_some();
        let of_traces = part.is_some() || tokens.is_some();
        if file.is_none() && !of_text && !of_traces {
            return Ok(());
        }
        if file.is_none() && !table.contains_key("calibration") {
            return Err(CliError::Missing { flag: "--calibration" });
        }
        let calibration = section(table, "calibration")?;
        if let Some(file) = file {
            // Settings of the recipe's source are kept for another file of the same kind.
            let (source, others) = match is_trace_file(file.as_ref()) {
                true => ("traces", ["text", "window", "windows", "skip"].as_slice()),
                false => ("text", ["traces", "part", "tokens"].as_slice()),
            };
            others.iter().for_each(|other| {
                calibration.remove(*other);
            });
            set(calibration, source, Some(file.clone().into()));
        }
        set(calibration, "window", window.map(integer));
        set(calibration, "windows", windows.map(integer));
        set(calibration, "part", part.clone().map(Value::from));
        set(calibration, "tokens", tokens.map(integer));
        Ok(())
    }
}

impl AllocationArgs {
    /// Overrides the recipe with the flags that were given.
    pub(crate) fn apply(&self, table: &mut Table) -> Result<(), CliError> {
        if self.uniform {
            table.remove("allocation");
        }
        if !self.owl && self.owl_m.is_none() && self.owl_lambda.is_none() {
            return Ok(());
        }
        let allocation = section(table, "allocation")?;
        if allocation.get("kind").and_then(Value::as_str) != Some("owl") {
            allocation.clear();
        }
        set(allocation, "kind", Some("owl".into()));
        set(allocation, "m", self.owl_m.map(Value::from));
        set(allocation, "lambda", self.owl_lambda.map(Value::from));
        Ok(())
    }
}

impl SettingArgs {
    /// Overrides the recipe with the flags that were given.
    pub(crate) fn apply(&self, table: &mut Table) -> Result<(), CliError> {
        let options = section(table, "options")?;
        set(options, "scope", self.scope.map(|scope| scope.to_string().into()));
        set(options, "damping", self.damping.map(Value::from));
        set(options, "iterations", self.iterations.map(integer));
        set(options, "schedule", self.schedule.clone().map(Value::from));
        Ok(())
    }
}

fn scopes() -> impl TypedValueParser<Value = Scope> {
    PossibleValuesParser::new(["per-output", "per-layer", "global"]).try_map(|name| name.parse::<Scope>())
}

fn not_negative(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "it is not a number".to_owned())?;
    if value >= 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err("it must be a finite number of at least 0".to_owned())
    }
}
