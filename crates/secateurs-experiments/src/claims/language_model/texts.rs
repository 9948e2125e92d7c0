//! Texts of the full tier that a model may learn from: all but test splits, under licences that allow it.

use std::path::{Path, PathBuf};

use secateurs::data::{read_text, write_atomic};
use secateurs_datasets::{Manifest, Resolver, read_json_fields};

use crate::ExperimentError;

/// Files of JSON lines: data set, file, and the fields that make a text.
const SOURCES: [(&str, &str, &[&str]); 3] = [
    ("zeroshot", "boolq.jsonl", &["query"]),
    ("gsm8k", "train.jsonl", &["question", "answer"]),
    ("zeroshot", "piqa.jsonl", &["query"]),
];

/// Texts of the full tier.
pub struct Texts {
    /// Texts to learn from.
    pub training: Vec<PathBuf>,
    /// Text on which the training is followed.
    pub validation: PathBuf,
    /// A note on them.
    pub note: String,
}

/// Writes plain texts into `folder`.
pub fn write_full_texts(folder: &Path) -> Result<Texts, ExperimentError> {
    let manifest = Manifest::embedded();
    let resolver = Resolver::from_env();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        write_atomic(&path, text.as_bytes())?;
        Ok::<_, ExperimentError>(path)
    };
    let wikitext = read_text(&resolver.file(manifest.dataset("wikitext2")?, "wiki.valid.tokens")?)?;
    // Articles begin anywhere, so the cut falls between two lines nine tenths into the text.
    let tenth = wikitext.len() / 10 * 9;
    let cut = wikitext
        .char_indices()
        .find(|(at, c)| *at >= tenth && *c == '\n')
        .map_or(tenth, |(at, _)| at + 1);
    let (first, last) = wikitext.split_at(cut);
    let mut training = vec![write("wiki.txt", first)?];
    for (dataset, file, fields) in SOURCES {
        let source = resolver.file(manifest.dataset(dataset)?, file)?;
        training.push(write(&file.replace(".jsonl", ".txt"), &read_fields(&source, fields)?)?);
    }
    Ok(Texts {
        training,
        validation: write("wiki-held-out.txt", last)?,
        note: "Training sees nine tenths of WikiText-2's validation text (the last tenth follows it and chose learning rate \
               and penalty), the passages of BoolQ (Wikipedia), GSM8K's training problems, PIQA and four of Jane Austen's novels, each \
               window at most once; no test split."
            .into(),
    })
}

/// The fields of every line, an empty line between lines.
fn read_fields(path: &Path, fields: &[&str]) -> Result<String, ExperimentError> {
    let mut text = String::new();
    for object in read_json_fields(path, fields)? {
        object.iter().for_each(|field| text.extend([field, "\n"]));
        text.push('\n');
    }
    Ok(text)
}
