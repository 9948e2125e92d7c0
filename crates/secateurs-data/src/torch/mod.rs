//! Dictionaries of tensors that PyTorch saved: a zip archive with a pickle of what there is, and the bytes.

mod archive;
mod pickle;
mod tensor;

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::malformed;
use crate::mmap::FileBytes;
use crate::{RawTensor, Result};

/// Reads what `torch.save(model.state_dict(), path)` wrote (PyTorch 1.6 and later), by name.
///
/// Nothing of the pickle is run: it may make dictionaries, tuples, numbers, texts and tensors, and anything else is an
/// error.
///
/// # Errors
///
/// [`DataError::Malformed`](crate::DataError::Malformed) if the file is no such archive, contradicts itself, or holds
/// anything but a dictionary of tensors, or a system error.
pub fn read_torch_state(path: &Path) -> Result<BTreeMap<String, RawTensor>> {
    let bytes = FileBytes::map(path)?;
    let bad = |problem: String| malformed(path, "PyTorch", problem);
    let archive = archive::Archive::parse(&bytes).map_err(bad)?;
    let entries = pickle::dictionary(archive.entry("data.pkl").map_err(bad)?).map_err(bad)?;
    let mut tensors = BTreeMap::new();
    for (name, tensor) in entries {
        let raw = tensor::gathered(&tensor, &archive).map_err(|problem| bad(format!("tensor {name}: {problem}")))?;
        tensors.insert(name, raw);
    }
    Ok(tensors)
}
