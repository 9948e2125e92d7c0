//! The files beside the weights, and the step that makes a staging folder the output.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use super::journal::JOURNAL_FILE;
use crate::atomic::{folder_of, sync_folder};
use crate::error::IoContext;
use crate::{Checkpoint, DataError, FloatType, Result};

/// What a folder needs to be a checkpoint.
pub(super) const CONFIG_FILE: &str = "config.json";

/// Name and content of all files that describe the model of `source`, stored as `float_type`.
pub(super) fn metadata_files(source: &Checkpoint, float_type: FloatType) -> Result<Vec<(String, Vec<u8>)>> {
    let config = output_config(source.config().clone(), float_type);
    let mut files = vec![(CONFIG_FILE.to_owned(), pretty(&config))];
    files.extend(source.side_files()?);
    Ok(files)
}

/// `config` as it holds for plain floats of `float_type`.
fn output_config(mut config: Value, float_type: FloatType) -> Value {
    if let Some(fields) = config.as_object_mut() {
        fields.shift_remove("quantization_config");
        // Hugging Face renamed `torch_dtype` to `dtype`; readers of either age find theirs.
        fields.insert("torch_dtype".to_owned(), float_type.torch_name().into());
        if fields.contains_key("dtype") {
            fields.insert("dtype".to_owned(), float_type.torch_name().into());
        }
    }
    config
}

pub(super) fn pretty(value: &Value) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).expect("a JSON value serialises");
    text.push(b'\n');
    text
}

/// Refuses names that leave the folder or belong to the weights.
pub(super) fn check_extra_file(name: &str) -> Result<()> {
    let refuse = |problem| {
        Err(DataError::InvalidPlan {
            name: name.to_owned(),
            shape: Vec::new(),
            problem,
        })
    };
    let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':', '\0']);
    if !plain {
        return refuse("it is no plain file name");
    }
    if name == JOURNAL_FILE || name.contains(".safetensors") {
        return refuse("the name belongs to the weights");
    }
    Ok(())
}

/// Renames `staging` to `out` after `close` has closed its files.
pub(super) fn publish(staging: &Path, out: &Path, close: impl FnOnce()) -> Result<()> {
    refuse_existing(out)?;
    close();
    rename_folder(staging, out)?;
    // Only now: had the rename failed, the record would be needed to go on.
    let journal = out.join(JOURNAL_FILE);
    std::fs::remove_file(&journal).during("remove", &journal)?;
    sync_folder(out)?;
    sync_folder(folder_of(out))
}

/// A rename would silently replace an empty folder.
pub(super) fn refuse_existing(out: &Path) -> Result<()> {
    match out.symlink_metadata() {
        Ok(_) => Err(DataError::OutputExists { path: out.to_owned() }),
        Err(_) => Ok(()),
    }
}

/// Makes a staging folder durable and renames it to `out`.
pub(super) fn rename_folder(staging: &Path, out: &Path) -> Result<()> {
    sync_folder(staging)?;
    std::fs::rename(staging, out).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty => DataError::OutputExists { path: out.to_owned() },
        _ => DataError::Io {
            action: "rename the staging folder to",
            path: out.to_owned(),
            source: e,
        },
    })
}

/// Temporary folders are private to their owner; outputs are readable by all, as other programs' are.
#[cfg(unix)]
pub(super) fn widen_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).during("set the permissions of", folder)
}

#[cfg(not(unix))]
pub(super) fn widen_folder(_folder: &Path) -> Result<()> {
    Ok(())
}
