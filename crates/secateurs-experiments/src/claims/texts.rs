//! Texts of the full tier that a model may learn from: all but test splits, under licences that allow it.

use std::path::{Path, PathBuf};

use secateurs::data::manifest::{Manifest, Resolver};
use secateurs::data::{read_text, write_atomic};
use serde_json::Value;

use crate::ExperimentError;

/// Files of JSON lines: data set, file, and the fields that make a text.
const SOURCES: [(&str, &str, &[&str]); 3] = [
    ("zeroshot", "boolq.jsonl", &["query"]),
    ("gsm8k", "train.jsonl", &["question", "answer"]),
    ("zeroshot", "piqa.jsonl", &["query"]),
];

/// Writes plain texts into `folder`; gives their paths and what to say of them.
pub(super) fn full_texts(folder: &Path) -> Result<(Vec<PathBuf>, String), ExperimentError> {
    let manifest = Manifest::embedded();
    let resolver = Resolver::from_env();
    let wikitext = resolver.file(manifest.dataset("wikitext2")?, "wiki.valid.tokens")?;
    let mut paths = vec![wikitext];
    for (dataset, file, fields) in SOURCES {
        let source = resolver.file(manifest.dataset(dataset)?, file)?;
        let path = folder.join(file.replace(".jsonl", ".txt"));
        write_atomic(&path, plain(&source, fields)?.as_bytes())?;
        paths.push(path);
    }
    let note = "Training sees WikiText-2's validation text, the passages of BoolQ (Wikipedia), GSM8K's training problems and PIQA, \
                each window at most once; no test split.";
    Ok((paths, note.into()))
}

/// The fields of every line, lines apart from each other.
fn plain(path: &Path, fields: &[&str]) -> Result<String, ExperimentError> {
    let mut text = String::new();
    for line in read_text(path)?.lines() {
        let object: Value = serde_json::from_str(line).map_err(ExperimentError::Json)?;
        for field in fields {
            text.push_str(object[*field].as_str().unwrap_or_default().trim());
            text.push('\n');
        }
        text.push('\n');
    }
    Ok(text)
}
