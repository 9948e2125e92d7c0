//! The command `cargo xtask house`: measures the sources in numbers by which two commits can be compared.

pub mod docs;
pub mod folders;
pub mod functions;
mod public;
mod report;
mod routes;
mod spread;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::error::TaskError;
use crate::rust::circle::find_circles;
use crate::rust::graph::Graph;
use crate::tidy;
use crate::tree::{Source, Tree};
use crate::workspace;
use functions::Functions;
use spread::Spread;

/// Form of the numbers.
#[derive(clap::Args)]
pub struct Arguments {
    /// Checkout to measure [default: this one]
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
    /// Print the numbers as one JSON object
    #[arg(long)]
    json: bool,
    /// Name every function with a tuple argument, every file of a circle, and every doc that `tidy` refuses
    #[arg(long, conflicts_with = "json")]
    list: bool,
}

/// Measures a checkout and prints the numbers.
pub fn run(arguments: &Arguments) -> Result<(), TaskError> {
    let root = arguments.root.as_deref().unwrap_or(workspace::root());
    let measures = measure(&Tree::read(root)?);
    if arguments.json {
        println!("{measures:#}");
    } else {
        print!("{}", report::write(&measures, arguments.list));
    }
    Ok(())
}

/// Measures a tree in all numbers.
fn measure(tree: &Tree) -> Value {
    let sources: Vec<Source> = tree.sources().collect();
    let graph = Graph::read(sources.iter().copied());
    let functions = Functions::read(&sources);
    let lengths: Vec<usize> = sources.iter().map(|source| code_lines(source)).collect();
    json!({
        "files": sources.len(),
        "file_code_lines": Spread::of(&lengths).to_json(),
        "functions": functions.lines.len(),
        "function_lines": Spread::of(&functions.lines).to_json(),
        "tuple_arguments": {
            "count": functions.with_tuple.len(),
            "percent": 100.0 * functions.with_tuple.len() as f64 / functions.count.max(1) as f64,
            "list": functions.with_tuple,
        },
        "full_folders": folders::full_folders(tree).into_iter().map(|folder| json!({ "path": folder.path, "files": folder.n_files })).collect::<Vec<_>>(),
        "circles": find_circles(&graph),
        "public_items": public::count(&sources),
        "crate_code_lines": crate_lines(&sources),
        "routes": routes::measure(&graph),
        "docs": docs::measure(&sources),
    })
}

fn code_lines(source: &Source) -> usize {
    tidy::source::code_lines_outside_tests(source.text).len()
}

/// Lines of code by crate.
fn crate_lines(sources: &[Source]) -> Value {
    let mut lines = serde_json::Map::new();
    for source in sources {
        let path = source.path.strip_prefix("crates/").unwrap_or(source.path);
        let name = path.split('/').next().unwrap_or(path);
        let before = lines.get(name).and_then(Value::as_u64).unwrap_or(0);
        lines.insert(name.to_owned(), json!(before + code_lines(source) as u64));
    }
    Value::Object(lines)
}
