//! The files beside the weights, and the rename that makes a staging folder the output.

use std::io::ErrorKind;
use std::path::Path;

use serde_json::Value;

use super::progress::PROGRESS_FILE;
use crate::atomic::{folder_of, sync_folder};
use crate::error::IoContext;
use crate::{DataError, FloatType, Result};

/// Name of the file that makes a folder a checkpoint.
pub(super) const CONFIG_FILE: &str = "config.json";

/// Fields of a configuration that say how weights are quantised.
const QUANTISATION: [&str; 2] = ["quantization_config", "compression_config"];

/// Fields of a configuration that name the number format; Hugging Face renamed the first to the second.
const NUMBER_FORMAT: [&str; 2] = ["torch_dtype", "dtype"];

/// A model's configuration after its weights became plain floats of `float_type`.
///
/// The number format is named in `torch_dtype`, and in `dtype` where that is present, so that readers of either age
/// find theirs; what is said of quantisation is left out. Configurations within the configuration are treated in the
/// same way.
pub fn float_config(mut config: Value, float_type: FloatType) -> Value {
    set_format(&mut config, float_type);
    if let Some(fields) = config.as_object_mut() {
        fields.insert("torch_dtype".to_owned(), float_type.torch_name().into());
    }
    config
}

fn set_format(config: &mut Value, float_type: FloatType) {
    let Some(fields) = config.as_object_mut() else { return };
    for field in QUANTISATION {
        fields.shift_remove(field);
    }
    for field in NUMBER_FORMAT {
        if let Some(format) = fields.get_mut(field) {
            *format = float_type.torch_name().into();
        }
    }
    fields.values_mut().for_each(|value| set_format(value, float_type));
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
    if name == PROGRESS_FILE || name.contains(".safetensors") {
        return refuse("the name belongs to the weights");
    }
    Ok(())
}

/// Renames `staging` to `out` after `close` has closed its files.
pub(super) fn publish(staging: &Path, out: &Path, close: impl FnOnce()) -> Result<()> {
    refuse_existing(out)?;
    close();
    move_folder(staging, out)?;
    // Only now: after a failed rename the record is needed to resume.
    let progress = out.join(PROGRESS_FILE);
    std::fs::remove_file(&progress).during("remove", &progress)?;
    sync_folder(out)
}

/// Makes a staging folder durable and renames it to `out`, where nothing may exist.
pub(crate) fn move_folder(staging: &Path, out: &Path) -> Result<()> {
    refuse_existing(out)?;
    rename_folder(staging, out)?;
    sync_folder(folder_of(out))
}

/// Refuses an existing `out`, as a rename would silently replace an empty folder.
fn refuse_existing(out: &Path) -> Result<()> {
    match out.symlink_metadata() {
        Ok(_) => Err(DataError::OutputExists { path: out.to_owned() }),
        Err(_) => Ok(()),
    }
}

/// Makes a staging folder durable and renames it to `out`.
fn rename_folder(staging: &Path, out: &Path) -> Result<()> {
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
