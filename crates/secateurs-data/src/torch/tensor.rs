//! The elements of a tensor, which may be scattered in their storage.

use std::collections::HashMap;
use std::rc::Rc;

use bytes::Bytes;

use super::archive::Archive;
use super::pickle::Stored;
use super::shortened;
use crate::RawTensor;

/// Largest ratio of the tensors' total size to the archive's. Tensors that are the same share their bytes, so only
/// different views of one storage take more than the archive does.
const MAX_GROWTH: usize = 4;

/// Tensors of an archive, limited to a total size little above the archive's.
pub(super) struct Tensors<'a> {
    archive: &'a Archive<'a>,
    /// Number of bytes left of the limit.
    left: usize,
    gathered: HashMap<Rc<Stored>, Bytes>,
}

impl<'a> Tensors<'a> {
    pub(super) fn new(archive: &'a Archive<'a>) -> Self {
        Self {
            archive,
            left: archive.size().saturating_mul(MAX_GROWTH),
            gathered: HashMap::new(),
        }
    }

    /// The tensor with its elements in the order of its shape.
    pub(super) fn tensor(&mut self, stored: &Rc<Stored>) -> Result<RawTensor, String> {
        let (dtype, size) = element(&stored.kind)?;
        self.take(size_of_val(&stored.shape[..]))?;
        let bytes = match self.gathered.get(stored) {
            Some(bytes) => bytes.clone(),
            None => {
                let bytes = self.elements(stored, size)?;
                self.gathered.insert(stored.clone(), bytes.clone());
                bytes
            }
        };
        Ok(RawTensor {
            dtype: dtype.to_owned(),
            shape: stored.shape.clone(),
            bytes,
        })
    }

    fn elements(&mut self, stored: &Stored, size: usize) -> Result<Bytes, String> {
        let archive = self.archive;
        if archive.entry("byteorder").is_ok_and(|order| order != b"little") {
            return Err("its bytes are not little-endian".into());
        }
        let bytes = archive.entry(&format!("data/{}", stored.key))?;
        let count = count_within(stored, bytes.len() / size)?;
        self.take(count * size)?;
        let mut elements = Vec::with_capacity(count * size);
        let mut index = vec![0; stored.shape.len()];
        for _ in 0..count {
            let steps = index.iter().zip(&stored.strides).map(|(index, stride)| index * stride);
            let at = stored.offset + steps.sum::<usize>();
            elements.extend_from_slice(&bytes[at * size..][..size]);
            advance(&mut index, &stored.shape);
        }
        Ok(elements.into())
    }

    fn take(&mut self, bytes: usize) -> Result<(), String> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or_else(|| {
            let size = self.archive.size();
            format!("with it, tensors take more than {MAX_GROWTH} times the {size} bytes of the file")
        })?;
        Ok(())
    }
}

/// The name of a storage's element type, and its bytes.
fn element(kind: &str) -> Result<(&'static str, usize), String> {
    Ok(match kind {
        "torch DoubleStorage" => ("F64", 8),
        "torch FloatStorage" => ("F32", 4),
        "torch HalfStorage" => ("F16", 2),
        "torch BFloat16Storage" => ("BF16", 2),
        "torch LongStorage" => ("I64", 8),
        other => return Err(format!("{} is not supported", shortened(other))),
    })
}

/// The number of elements, if all of them lie within the storage and there are no more than it has.
fn count_within(stored: &Stored, available: usize) -> Result<usize, String> {
    let Stored {
        shape, strides, offset, ..
    } = stored;
    let outside = || format!("shape {shape:?} with strides {strides:?} from {offset} exceeds {available} elements");
    if shape.len() != strides.len() {
        return Err(outside());
    }
    let count = shape.iter().try_fold(1usize, |count, size| count.checked_mul(*size));
    let count = count.filter(|count| *count <= available).ok_or_else(outside)?;
    if count == 0 {
        return Ok(0);
    }
    let last = shape.iter().zip(strides).try_fold(*offset, |at, (size, stride)| {
        (size - 1).checked_mul(*stride).and_then(|step| at.checked_add(step))
    });
    last.filter(|last| *last < available).map(|_| count).ok_or_else(outside)
}

/// Advances to the next index, the last dimension first.
fn advance(index: &mut [usize], shape: &[usize]) {
    for (index, size) in index.iter_mut().zip(shape).rev() {
        *index += 1;
        if *index < *size {
            return;
        }
        *index = 0;
    }
}
