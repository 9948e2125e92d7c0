//! Writing a model whose tensors are not plain floats.

use std::borrow::Cow;
use std::fs::File;
use std::path::{Path, PathBuf};

use safetensors::{Dtype, View};
use serde_json::Value;

use super::finish;
use crate::atomic::{folder_of, sync_folder};
use crate::error::{IoContext, unsupported};
use crate::safetensors::MODEL_FILE;
use crate::{Checkpoint, DataError, RawTensor, Result, write_atomic};

/// Writes a model folder of tensors as they are: `model.safetensors`, `config.json`, and the tokenizer and settings of
/// `source`. The folder appears at `out` whole or not at all.
///
/// # Errors
///
/// [`DataError::OutputExists`], and those of [`stage_stored`]. Nothing is left behind then.
pub fn write_stored(out: &Path, tensors: Vec<(String, RawTensor)>, config: &Value, source: &Checkpoint) -> Result<()> {
    finish::refuse_existing(out)?;
    stage_stored(out, tensors, config, source)?.publish()
}

/// A model folder that is written, but not yet in its place; removed if it is dropped.
#[derive(Debug)]
pub struct StagedModel {
    folder: tempfile::TempDir,
    out: PathBuf,
}

/// Does the work of [`write_stored`] in a temporary folder beside `out`, so that an earlier output can stay until the new
/// one is complete.
///
/// # Errors
///
/// [`DataError::Unsupported`] for an element type that safetensors does not have, or a system error. Nothing is left behind
/// then.
pub fn stage_stored(
    out: &Path,
    tensors: Vec<(String, RawTensor)>,
    config: &Value,
    source: &Checkpoint,
) -> Result<StagedModel> {
    let parent = folder_of(out);
    let mut builder = tempfile::Builder::new();
    let folder = builder.prefix(".secateurs-").tempdir_in(parent);
    let folder = folder.during("create a temporary folder in", parent)?;
    let views: Vec<(String, Stored)> = tensors
        .into_iter()
        .map(|(name, tensor)| Ok((name, Stored::new(tensor, out)?)))
        .collect::<Result<_>>()?;
    let model = folder.path().join(MODEL_FILE);
    safetensors::serialize_to_file(views, None, &model).map_err(|error| DataError::Io {
        action: "write",
        path: model.clone(),
        source: std::io::Error::other(error),
    })?;
    File::open(&model)
        .and_then(|file| file.sync_all())
        .during("sync", &model)?;
    write_atomic(&folder.path().join(finish::CONFIG_FILE), &finish::pretty(config))?;
    for (name, bytes) in source.side_files()? {
        write_atomic(&folder.path().join(name), &bytes)?;
    }
    finish::widen_folder(folder.path())?;
    Ok(StagedModel {
        folder,
        out: out.to_owned(),
    })
}

impl StagedModel {
    /// Moves the folder to its place, in one step.
    ///
    /// # Errors
    ///
    /// [`DataError::OutputExists`] or a system error.
    pub fn publish(self) -> Result<()> {
        finish::refuse_existing(&self.out)?;
        finish::rename_folder(self.folder.path(), &self.out)?;
        // It is no temporary folder any more.
        let _ = self.folder.keep();
        sync_folder(folder_of(&self.out))
    }
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
