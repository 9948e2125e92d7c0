//! `secateurs info`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use secateurs::data::Checkpoint;
use secateurs::models::TransformerShape;
use secateurs::{Info, LinearInfo};

use crate::error::CliError;
use crate::terminal::layer_names::kind_of;
use crate::terminal::print::{print, print_json};
use crate::terminal::table::Table;
use crate::terminal::units::{bytes, percent, quantity};

const INFO_EXAMPLES: &str = "\
Example, on the model of the repository:
  secateurs info fixtures/llama-austen

As JSON:
  secateurs info model.gguf --json | jq .sparsity
";

/// Shows a model's size, shape and number formats, and how sparse it is
///
/// Every prunable weight is read once, to count zeros. Nothing is written.
#[derive(Debug, Args)]
#[command(after_help = INFO_EXAMPLES)]
pub(crate) struct InfoArgs {
    /// Hugging Face folder or GGUF file
    model: PathBuf,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

/// Describes a model.
pub(crate) fn run(args: &InfoArgs) -> Result<(), CliError> {
    let info = secateurs::info(&Checkpoint::open(&args.model)?)?;
    if args.json {
        print_json(&info)
    } else {
        print(&describe(&info))
    }
}

fn describe(info: &Info) -> String {
    let encodings: Vec<String> = info
        .encodings
        .iter()
        .map(|(name, size)| format!("{name} {}", bytes(*size)))
        .collect();
    let [width, heads] = match &info.transformer {
        Some(shape) => [describe_width(info, shape), describe_heads(shape)],
        None => ["-".to_owned(), "-".to_owned()],
    };
    let lines = [
        ("format", info.description.clone()),
        ("parameters", quantity(info.parameters)),
        ("size", format!("{} ({})", bytes(info.bytes), encodings.join(", "))),
        ("blocks", info.blocks.to_string()),
        ("width", width),
        ("heads", heads),
        ("vocabulary", info.vocab_size.to_string()),
        ("context", format!("{} tokens", info.max_positions)),
        (
            "sparsity",
            format!("{} of the prunable weights are zero", percent(info.sparsity)),
        ),
    ];
    let mut text = String::new();
    for (name, value) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<12}{value}");
    }
    text.push('\n');
    text.push_str(&linears(info));
    text
}

fn describe_width(info: &Info, shape: &TransformerShape) -> String {
    let TransformerShape { d_model, d_ffn, .. } = shape;
    match info.experts {
        None => format!("{d_model}, MLP {d_ffn} (SwiGLU)"),
        Some((n_experts, top_k)) => {
            format!("{d_model}, {n_experts} experts of {d_ffn} (SwiGLU), {top_k} per token")
        }
    }
}

fn describe_heads(shape: &TransformerShape) -> String {
    format!("{} query, {} key-value", shape.heads.0, shape.heads.1)
}

/// One row for like layers of all blocks.
fn linears(info: &Info) -> String {
    let mut kinds: BTreeMap<String, Vec<&LinearInfo>> = BTreeMap::new();
    let mut order = Vec::new();
    for linear in &info.linears {
        let kind = kind_of(&linear.name);
        if !kinds.contains_key(&kind) {
            order.push(kind.clone());
        }
        kinds.entry(kind).or_default().push(linear);
    }
    let mut table = Table::new(&["prunable layers", "count", "outputs x inputs", "format", "sparsity"]);
    for kind in order {
        let linears = &kinds[&kind];
        let dims: Vec<String> = linears[0].dims.iter().map(usize::to_string).collect();
        let mean = linears.iter().map(|linear| linear.sparsity).sum::<f64>() / linears.len() as f64;
        let mixed = linears.iter().any(|linear| linear.encoding != linears[0].encoding);
        let encoding = if mixed { "mixed" } else { linears[0].encoding.as_str() };
        table.row([
            kind,
            linears.len().to_string(),
            dims.join(" x "),
            encoding.to_owned(),
            percent(mean),
        ]);
    }
    table.render()
}
