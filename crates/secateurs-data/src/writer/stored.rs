//! Writing a model whose tensors are not plain floats.

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;

use safetensors::{Dtype, View};
use serde_json::Value;

use super::finish;
use crate::atomic::{folder_of, sync_folder};
use crate::error::{IoContext, unsupported};
use crate::safetensors::MODEL_FILE;
use crate::{Checkpoint, DataError, RawTensor, Result};

/// Writes a model folder of tensors as they are: `model.safetensors`, `config.json`, and the tokenizer and settings of
/// `source`. The folder appears at `out` whole or not at all.
///
/// # Errors
///
/// [`DataError::OutputExists`], [`DataError::Unsupported`] for an element type that safetensors does not have, or a system
/// error. Nothing is left behind then.
pub fn write_stored(out: &Path, tensors: Vec<(String, RawTensor)>, config: &Value, source: &Checkpoint) -> Result<()> {
    if out.symlink_metadata().is_ok() {
        return Err(DataError::OutputExists { path: out.to_owned() });
    }
    let parent = folder_of(out);
    let mut builder = tempfile::Builder::new();
    let staging = builder.prefix(".secateurs-").tempdir_in(parent);
    let staging = staging.during("create a temporary folder in", parent)?;
    let views: Vec<(String, Stored)> = tensors
        .into_iter()
        .map(|(name, tensor)| Ok((name, Stored::new(tensor, out)?)))
        .collect::<Result<_>>()?;
    let model = staging.path().join(MODEL_FILE);
    safetensors::serialize_to_file(views, None, &model).map_err(|error| DataError::Io {
        action: "write",
        path: model.clone(),
        source: std::io::Error::other(error),
    })?;
    File::open(&model)
        .and_then(|file| file.sync_all())
        .during("sync", &model)?;
    let config_file = staging.path().join(finish::CONFIG_FILE);
    crate::write_atomic(&config_file, &finish::pretty(config))?;
    for (name, bytes) in source.side_files()? {
        crate::write_atomic(&staging.path().join(name), &bytes)?;
    }
    finish::widen_folder(staging.path())?;
    sync_folder(staging.path())?;
    std::fs::rename(staging.path(), out).during("rename the temporary folder to", out)?;
    // It is no temporary folder any more.
    let _ = staging.keep();
    sync_folder(parent)
}

struct Stored {
    tensor: RawTensor,
    dtype: Dtype,
}

impl Stored {
    fn new(tensor: RawTensor, out: &Path) -> Result<Self> {
        let dtype = serde_json::from_value(Value::String(tensor.dtype.clone()));
        let dtype = dtype.map_err(|_| unsupported(out, format!("the element type {}", tensor.dtype)))?;
        Ok(Self { tensor, dtype })
    }
}

impl View for Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.tensor.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        (&self.tensor.bytes[..]).into()
    }

    fn data_len(&self) -> usize {
        self.tensor.bytes.len()
    }
}
