//! Checksums of files by sha256.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use secateurs_data::hex;
use sha2::{Digest, Sha256};

use crate::error::IoContext;
use crate::{DataFile, DatasetError, Result};

/// The sha256 of `bytes` in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Checks that `path` has the content that `file` names.
///
/// The size is compared first, so a wrong file of any size is refused without reading more than the right one has.
pub(super) fn verify(path: &Path, file: &DataFile) -> Result<()> {
    let mut opened = File::open(path).during("open", path)?;
    let size = opened.metadata().during("inspect", path)?.len();
    let got = if size == file.bytes {
        read_sha256(&mut opened, path)?
    } else {
        format!("unread: {size} bytes")
    };
    if got != file.sha256.as_str() {
        let expected = format!("{} of {} bytes", file.sha256.as_str(), file.bytes);
        return Err(DatasetError::Checksum {
            path: path.to_owned(),
            expected,
            got,
        });
    }
    Ok(())
}

fn read_sha256(file: &mut File, path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let n = file.read(&mut buffer).during("read", path)?;
        if n == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&buffer[..n]);
    }
}
