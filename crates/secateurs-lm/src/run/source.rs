//! The model that a job makes a changed copy of.

use std::path::Path;

use secateurs_data::Checkpoint;

use crate::Error;
use crate::pack::packed::is_packed;

/// Opens a model of which a changed copy can be made; no weight is read.
pub(crate) fn open_source(model: &Path) -> Result<Checkpoint, Error> {
    let source = Checkpoint::open(model)?;
    check_source(&source)?;
    Ok(source)
}

/// Refuses a model of which no changed copy can be made.
pub(crate) fn check_source(source: &Checkpoint) -> Result<(), Error> {
    if is_packed(source) {
        let path = source.path().to_owned();
        return Err(Error::IsPacked { path });
    }
    Ok(source.check_copyable()?)
}
