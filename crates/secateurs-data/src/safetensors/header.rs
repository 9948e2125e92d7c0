//! The header of a safetensors file, checked against the file's content.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::de::MapAccess;
use serde::{Deserialize, Serialize};

use super::dtype::{bytes_of, dtype_named};
use super::json::{KeyedValue, UniqueMap};
use crate::error::malformed;
use crate::{DataError, Result, TensorInfo};

/// The largest header that the format allows.
const MAX_HEADER: u64 = 100_000_000;

/// Bytes of the length that precedes the header.
const LENGTH_BYTES: usize = 8;

const METADATA: &str = "__metadata__";

/// A checked header: every range lies in the file, none overlaps another and no byte is left over.
#[derive(Debug)]
pub(crate) struct Header {
    /// Tensors in order of position.
    pub(crate) tensors: Vec<Span>,
    /// The bytes of the length and the header itself.
    pub(crate) prefix: Range<usize>,
    /// Free text about the file.
    pub(crate) metadata: BTreeMap<String, String>,
}

/// Place of a tensor in its file.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) info: TensorInfo,
    /// Position in the whole file.
    pub(crate) bytes: Range<usize>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

enum HeaderValue {
    /// Free text about the file.
    Metadata(UniqueMap<String>),
    Tensor(Entry),
}

impl<'de> KeyedValue<'de> for HeaderValue {
    fn next<A: MapAccess<'de>>(key: &str, map: &mut A) -> Result<Self, A::Error> {
        if key == METADATA {
            map.next_value().map(Self::Metadata)
        } else {
            map.next_value().map(Self::Tensor)
        }
    }
}

impl Header {
    /// Parses and checks the header of the file `path` with content `file`.
    pub(crate) fn parse(file: &[u8], path: &Path) -> Result<Self> {
        let bad = |problem: String| malformed(path, "safetensors", problem);
        let start = header_end(file).map_err(bad)?;
        let text =
            std::str::from_utf8(&file[LENGTH_BYTES..start]).map_err(|_| bad("the header is not UTF-8".into()))?;
        if !text.starts_with('{') {
            return Err(bad("the header does not start with '{'".into()));
        }
        let UniqueMap(entries) = serde_json::from_str(text).map_err(|e| bad(format!("the header: {e}")))?;
        let data = (file.len() - start) as u64;
        let (mut tensors, mut metadata) = (Vec::new(), BTreeMap::new());
        for (name, value) in entries {
            match value {
                HeaderValue::Tensor(entry) => tensors.push(span(name, entry, start, data).map_err(bad)?),
                HeaderValue::Metadata(UniqueMap(texts)) => metadata.extend(texts),
            }
        }
        tensors.sort_by_key(|span| (span.bytes.start, span.bytes.end));
        check_contiguous(&tensors, start..file.len()).map_err(bad)?;
        Ok(Self {
            tensors,
            prefix: 0..start,
            metadata,
        })
    }
}

/// The end of the header, where the data starts.
fn header_end(file: &[u8]) -> Result<usize, String> {
    let length = file
        .first_chunk::<LENGTH_BYTES>()
        .map(|raw| u64::from_le_bytes(*raw))
        .ok_or_else(|| format!("{} bytes are too few for the header length", file.len()))?;
    if length > MAX_HEADER {
        return Err(format!(
            "a header of {length} bytes is larger than the allowed {MAX_HEADER}"
        ));
    }
    let room = file.len() - LENGTH_BYTES;
    match usize::try_from(length) {
        Ok(length) if length <= room => Ok(LENGTH_BYTES + length),
        _ => Err(format!(
            "the header should have {length} bytes, but the file ends after {room}"
        )),
    }
}

fn span(name: String, entry: Entry, start: usize, data: u64) -> Result<Span, String> {
    let Entry {
        dtype,
        shape,
        data_offsets: [from, to],
    } = entry;
    let dtype = dtype_named(&dtype).ok_or_else(|| format!("tensor {name:?} has the unknown type {dtype:?}"))?;
    let bytes = bytes_of(dtype, &shape)
        .ok_or_else(|| format!("tensor {name:?} has the impossible shape {shape:?} of {dtype}"))?;
    if from > to || to > data {
        return Err(format!(
            "tensor {name:?} lies at {from}..{to}, but the data has {data} bytes"
        ));
    }
    if to - from != bytes {
        return Err(format!(
            "tensor {name:?} of shape {shape:?} and type {dtype} needs {bytes} bytes, but has {}",
            to - from
        ));
    }
    // Both fit, as `to` is at most the length of a slice.
    let bytes_at = start + from as usize..start + to as usize;
    let encoding = dtype.to_string();
    Ok(Span {
        info: TensorInfo {
            name,
            shape,
            encoding,
            bytes,
        },
        bytes: bytes_at,
    })
}

fn check_contiguous(tensors: &[Span], data: Range<usize>) -> Result<(), String> {
    let mut end = data.start;
    for span in tensors {
        if span.bytes.start != end {
            let what = if span.bytes.start < end {
                "overlaps"
            } else {
                "leaves a hole after"
            };
            return Err(format!("tensor {:?} {what} the tensor before it", span.info.name));
        }
        end = span.bytes.end;
    }
    if end != data.end {
        return Err(format!("{} bytes at the end belong to no tensor", data.end - end));
    }
    Ok(())
}

/// Length and header of a file with `tensors` (name, shape, type) one after the other, padded so that the data starts
/// at a multiple of 8.
///
/// # Errors
///
/// [`DataError::InvalidPlan`] if a tensor is too large or the header would be.
pub(crate) fn header_bytes<'a>(
    tensors: impl Iterator<Item = (&'a str, &'a [usize])>,
    dtype: &'static str,
) -> Result<Vec<u8>> {
    mixed_header_bytes(tensors.map(|(name, shape)| (name, shape, dtype)), &BTreeMap::new())
}

/// Builds [`header_bytes`] with an element type for each tensor, and texts about the file.
///
/// # Errors
///
/// As for [`header_bytes`].
pub(crate) fn mixed_header_bytes<'a>(
    tensors: impl Iterator<Item = (&'a str, &'a [usize], &'static str)>,
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>> {
    let mut texts = serde_json::Map::new();
    texts.insert("format".to_owned(), "pt".into());
    texts.extend(metadata.iter().map(|(key, text)| (key.clone(), text.as_str().into())));
    let mut object = serde_json::Map::new();
    object.insert(METADATA.to_owned(), texts.into());
    let mut at = 0u64;
    for (name, shape, dtype) in tensors {
        let dtype = dtype_named(dtype).expect("callers pass a name of the format");
        let invalid = |problem| DataError::InvalidPlan {
            name: name.to_owned(),
            shape: shape.to_owned(),
            problem,
        };
        let bytes = bytes_of(dtype, shape).ok_or_else(|| invalid("it is too large"))?;
        let end = at.checked_add(bytes).ok_or_else(|| invalid("it is too large"))?;
        if name == METADATA || object.contains_key(name) {
            return Err(invalid("its name is taken"));
        }
        let entry = Entry {
            dtype: dtype.to_string(),
            shape: shape.to_owned(),
            data_offsets: [at, end],
        };
        object.insert(
            name.to_owned(),
            serde_json::to_value(entry).expect("numbers and strings serialise"),
        );
        at = end;
    }
    let mut text = serde_json::to_vec(&object).expect("numbers and strings serialise");
    text.resize(text.len().next_multiple_of(8), b' ');
    let mut bytes = (text.len() as u64).to_le_bytes().to_vec();
    bytes.append(&mut text);
    Ok(bytes)
}
