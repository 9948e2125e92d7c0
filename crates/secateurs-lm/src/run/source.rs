//! The model that a job copies with changes.

use std::path::Path;

use secateurs_data::Checkpoint;

use crate::pack::packed::is_packed;
use crate::run::error::ModelFileError;

/// Opens a model that can be copied with changes; no weight is read.
pub(crate) fn open_source(model: &Path) -> Result<Checkpoint, ModelFileError> {
    let source = Checkpoint::open(model)?;
    check_source(&source)?;
    Ok(source)
}

/// Refuses a model that cannot be copied with changes.
pub(crate) fn check_source(source: &Checkpoint) -> Result<(), ModelFileError> {
    if is_packed(source) {
        let path = source.path().to_owned();
        return Err(ModelFileError::IsPacked { path });
    }
    Ok(source.check_copyable()?)
}
