//! Read-only bytes of a file, mapped into memory.
//!
//! The only `unsafe` of this crate: every safe wrapper on offer merely hides the same call.
#![allow(unsafe_code)]

use std::fs::File;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

use crate::Result;
use crate::error::IoContext;

/// The content of a file, without reading it up front.
#[derive(Debug)]
pub(crate) enum FileBytes {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

impl FileBytes {
    /// Maps the file at `path`.
    ///
    /// # Errors
    ///
    /// An error of the system, also if `path` is a folder.
    pub(crate) fn map(path: &Path) -> Result<Self> {
        let file = File::open(path).during("open", path)?;
        if !file.metadata().during("inspect", path)?.is_file() {
            return Ok(Self::Owned(std::fs::read(path).during("read", path)?));
        }
        // SAFETY: the map is private to this type, read-only and handed out as `&[u8]` only, so this process never
        // changes it. Another process that shortens or rewrites the file meanwhile can make reads fail (a signal) or
        // differ; model files are not edited in place, and no value read from the map is trusted twice: headers
        // are parsed into owned, checked structures before tensor data is touched, and any bytes are valid tensor data.
        let map = unsafe { Mmap::map(&file) }.during("map", path)?;
        Ok(Self::Mapped(map))
    }

    /// Gives the pages read so far back to the system, so that a file read tensor by tensor does not fill this
    /// process's memory. Best effort: where the system cannot, nothing happens.
    pub(crate) fn release(&self) {
        #[cfg(unix)]
        if let Self::Mapped(map) = self {
            // SAFETY: the map is a read-only view of a file, so a dropped page comes back from the file with the same
            // bytes at its next use; nothing was written to it that could be lost.
            let _ = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        }
    }
}

impl Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}
