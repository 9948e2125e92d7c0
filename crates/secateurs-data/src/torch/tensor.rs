//! The elements of a tensor, which may lie apart in their storage.

use super::archive::Archive;
use super::pickle::Stored;
use crate::RawTensor;

/// The tensor with its elements in the order of its shape.
pub(super) fn gathered(stored: &Stored, archive: &Archive<'_>) -> Result<RawTensor, String> {
    let (dtype, size) = match stored.kind.as_str() {
        "torch DoubleStorage" => ("F64", 8),
        "torch FloatStorage" => ("F32", 4),
        "torch HalfStorage" => ("F16", 2),
        "torch BFloat16Storage" => ("BF16", 2),
        "torch LongStorage" => ("I64", 8),
        other => return Err(format!("{other} is not supported")),
    };
    if archive.entry("byteorder").is_ok_and(|order| order != b"little") {
        return Err("its bytes are not little-endian".into());
    }
    let bytes = archive.entry(&format!("data/{}", stored.key))?;
    let count = count_within(stored, bytes.len() / size)?;
    let mut elements = Vec::with_capacity(count * size);
    let mut index = vec![0; stored.shape.len()];
    for _ in 0..count {
        let steps = index.iter().zip(&stored.strides).map(|(index, stride)| index * stride);
        let at = stored.offset + steps.sum::<usize>();
        elements.extend_from_slice(&bytes[at * size..][..size]);
        advance(&mut index, &stored.shape);
    }
    Ok(RawTensor {
        dtype: dtype.to_owned(),
        shape: stored.shape.clone(),
        bytes: elements.into(),
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

/// The next index, the last dimension first.
fn advance(index: &mut [usize], shape: &[usize]) {
    for (index, size) in index.iter_mut().zip(shape).rev() {
        *index += 1;
        if *index < *size {
            return;
        }
        *index = 0;
    }
}
