//! The command `cargo xtask data`.

use secateurs_datasets::{Dataset, Manifest, Resolver};

use crate::error::TaskError;
use crate::workspace;

/// A task for data sets.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Lists every known model and data set, with its size, licence and place
    List,
    /// Fetches a model or data set unless it is here, checks it, and prints the paths of its files
    Get {
        /// Name in `cargo xtask data list`
        name: String,
    },
}

/// Lists or fetches.
pub fn run(command: &Command) -> Result<(), TaskError> {
    let manifest = Manifest::embedded();
    let resolver = Resolver::from_env().with_fixtures(workspace::fixtures());
    match command {
        Command::List => list(&manifest, &resolver.offline()),
        Command::Get { name } => {
            let files = resolver.files(manifest.dataset(name)?)?;
            files.iter().for_each(|path| println!("{}", path.display()));
        }
    }
    Ok(())
}

fn list(manifest: &Manifest, offline: &Resolver) {
    for dataset in manifest.datasets() {
        println!("{}: {}", dataset.name.as_str(), dataset.about);
        println!("  {} in {}, {}", size(dataset), count(dataset), dataset.licence);
        match offline.files(dataset) {
            Ok(paths) => paths.iter().for_each(|path| println!("  {}", path.display())),
            Err(_) => println!("  not here: cargo xtask data get {}", dataset.name.as_str()),
        }
    }
}

fn count(dataset: &Dataset) -> String {
    match dataset.files.len() {
        1 => "1 file".to_owned(),
        count => format!("{count} files"),
    }
}

fn size(dataset: &Dataset) -> String {
    let bytes: u64 = dataset.files.iter().map(|file| file.bytes).sum();
    format!("{:.1} MB", bytes as f64 / 1e6)
}
