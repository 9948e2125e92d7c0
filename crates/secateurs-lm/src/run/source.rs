//! The model that a job makes a changed copy of.

use std::path::Path;

use secateurs_data::Checkpoint;

use crate::pack::packed::is_packed;
use crate::run::error::ModelFileError;

/// Opens a model of which a changed copy can be made; no weight is read.
pub(crate) fn open_source(model: &Path) -> Result<Checkpoint, ModelFileError> {
    let source = Checkpoint::open(model)?;
    check_source(&source)?;
    Ok(source)
}

/// Refuses a model of which no changed copy can be made.
pub(crate) fn check_source(source: &Checkpoint) -> Result<(), ModelFileError> {
    if is_packed(source) {
        let path = source.path().to_owned();
        return Err(ModelFileError::IsPacked { path });
    }
    Ok(source.check_copyable()?)
}
