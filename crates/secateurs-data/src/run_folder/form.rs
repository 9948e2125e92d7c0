//! The form of an output, and the treatment of earlier output.

use std::fs;
use std::path::Path;

use crate::OutputKind;

/// Treatment of earlier output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Refuses to replace anything.
    Never,
    /// Resumes an unfinished run.
    Resume,
    /// Replaces output and unfinished run.
    Force,
}

/// The form of an output: nothing of another form is ever replaced.
#[derive(Debug, Clone, Copy)]
pub struct OutputForm {
    /// Whether it is a folder or a file.
    pub kind: OutputKind,
    /// Name in errors, such as `model folder`.
    pub name: &'static str,
    /// Whether a file or folder has this form.
    pub is_one: fn(&Path) -> bool,
}

impl OutputForm {
    /// The form of a model: a folder with `config.json`, or an empty one.
    pub const MODEL: Self = Self {
        kind: OutputKind::Folder,
        name: "model folder",
        is_one: is_model_folder,
    };
}

fn is_model_folder(path: &Path) -> bool {
    let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    path.join("config.json").is_file() || is_empty()
}
