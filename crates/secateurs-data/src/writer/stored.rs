//! Writes a model whose tensors are not plain floats.

use std::borrow::Cow;
use std::fs::File;
use std::path::Path;

use safetensors::{Dtype, View};
use serde_json::Value;

use super::finish;
use crate::atomic::widen_permissions;
use crate::error::{IoContext, unsupported};
use crate::safetensors::{MODEL_FILE, PACKED_FILE, dtype_named};
use crate::{Checkpoint, DataError, RawTensor, Result, write_atomic};

/// A model whose tensors are written in their stored form.
#[derive(Debug)]
pub struct StoredModel<'a> {
    /// The tensors by their names in the file.
    pub tensors: Vec<(String, RawTensor)>,
    /// The content of `config.json`.
    pub config: &'a Value,
    /// The model that provides the tokenizer and settings.
    pub source: &'a Checkpoint,
    /// Programs that can read the tensors.
    pub readers: Readers,
}

/// Programs that can read the tensors of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Readers of Hugging Face models: the tensors are written to `model.safetensors`.
    All,
    /// This project alone: the tensors are written to `packed.safetensors`, so that other readers find no weights. In
    /// `model.safetensors` they would look for tensors by the usual names, and use random weights for missing ones.
    Own,
}

/// Writes a model into a folder, for instance [one that is staged](crate::StagedOutput): the tensors, `config.json`,
/// and the tokenizer and settings of the source.
///
/// # Errors
///
/// [`DataError::Unsupported`] for an element type that safetensors does not have, or a system error.
pub fn write_stored(folder: &Path, model: StoredModel<'_>) -> Result<()> {
    let file_name = match model.readers {
        Readers::All => MODEL_FILE,
        Readers::Own => PACKED_FILE,
    };
    let path = folder.join(file_name);
    let views: Vec<(String, Stored)> = model
        .tensors
        .into_iter()
        .map(|(name, tensor)| Ok((name, Stored::new(tensor, &path)?)))
        .collect::<Result<_>>()?;
    safetensors::serialize_to_file(views, None, &path).map_err(|error| DataError::Io {
        action: "write",
        path: path.clone(),
        source: std::io::Error::other(error),
    })?;
    File::open(&path)
        .and_then(|file| widen_permissions(&file).and_then(|()| file.sync_all()))
        .during("sync", &path)?;
    for (name, bytes) in model.source.side_files()? {
        write_atomic(&folder.join(name), &bytes)?;
    }
    write_atomic(&folder.join(finish::CONFIG_FILE), &finish::pretty(model.config))
}

struct Stored {
    tensor: RawTensor,
    dtype: Dtype,
}

impl Stored {
    fn new(tensor: RawTensor, out: &Path) -> Result<Self> {
        let dtype =
            dtype_named(&tensor.dtype).ok_or_else(|| unsupported(out, format!("the element type {}", tensor.dtype)))?;
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
