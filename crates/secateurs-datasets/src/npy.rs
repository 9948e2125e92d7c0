//! Arrays of 32-bit floats as numpy stores them.

use std::path::Path;

use crate::error::IoContext;
use crate::{DatasetError, Result};

const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";

/// The numbers of a little-endian f32 array in row-major order, if it has the given shape.
pub(crate) fn read(path: &Path, shape: &[usize]) -> Result<Vec<f32>> {
    let bytes = std::fs::read(path).during("read", path)?;
    let malformed = |found: &str| {
        let expected = format!("a numpy array of little-endian f32, row-major, of shape {shape:?}");
        DatasetError::malformed(path, expected, found)
    };
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| malformed("another file"))?;
    let (length, rest) = rest.split_first_chunk().ok_or_else(|| malformed("no header"))?;
    let length = usize::from(u16::from_le_bytes(*length));
    let (header, data) = rest
        .split_at_checked(length)
        .ok_or_else(|| malformed("half a header"))?;
    let header = String::from_utf8_lossy(header);
    let dimensions: Vec<String> = shape.iter().map(ToString::to_string).collect();
    let wanted = [
        "'<f4'".to_owned(),
        "'fortran_order': False".to_owned(),
        format!("({})", dimensions.join(", ")),
    ];
    if !wanted.iter().all(|part| header.contains(part.as_str())) {
        return Err(malformed(header.trim_end()));
    }
    let (numbers, beyond) = data.as_chunks();
    if numbers.len() != shape.iter().product::<usize>() || !beyond.is_empty() {
        return Err(malformed(&format!("{} bytes of data", data.len())));
    }
    Ok(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(shape: &str, numbers: &[f32]) -> Vec<u8> {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        bytes
    }

    #[test]
    fn numbers_of_the_right_shape_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npy");
        let read_back = |bytes: &[u8], shape: &[usize]| {
            std::fs::write(&path, bytes).unwrap();
            read(&path, shape)
        };
        let whole = stored("(2, 1)", &[1.5, -2.0]);
        assert_eq!(read_back(&whole, &[2, 1]).unwrap(), [1.5, -2.0]);
        for (bytes, shape) in [
            (&whole[..], &[1, 2][..]),
            (&whole[..whole.len() - 1], &[2, 1]),
            (&whole[..20], &[2, 1]),
            (&whole[..9], &[2, 1]),
            (&b"not numpy"[..], &[2, 1]),
        ] {
            let refused = read_back(bytes, shape);
            assert!(matches!(refused, Err(DatasetError::Malformed { .. })), "{refused:?}");
        }
    }
}
