//! The header of a GGUF file: metadata and tensor positions, checked against the file's content.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use super::cursor::Cursor;
use super::encoding::Encoding;
use super::value::{Metadata, Value};
use crate::Result;
use crate::error::{malformed, unsupported};

const MAGIC: [u8; 4] = *b"GGUF";
const DEFAULT_ALIGNMENT: u64 = 32;

/// Largest size of a header, far above any real model's; metadata in memory is a small multiple of it.
const MAX_HEADER: usize = 1 << 28;

/// Bytes of the smallest metadata entry (empty key, one byte) and tensor entry (empty name, no dimension).
const MIN_ENTRY: usize = 8 + 4 + 1;
const MIN_TENSOR: usize = 8 + 4 + 4 + 8;

/// A checked header.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) metadata: Metadata,
    /// Tensors in order of position.
    pub(super) tensors: Vec<Tensor>,
    /// The bytes before the data.
    pub(super) prefix: Range<usize>,
}

/// A tensor under its name in the file.
#[derive(Debug)]
pub(super) struct Tensor {
    pub(super) name: String,
    /// Shape with the fastest-varying dimension last, unlike in the file.
    pub(super) shape: Vec<usize>,
    pub(super) encoding: Encoding,
    /// Position in the whole file.
    pub(super) bytes: Range<usize>,
}

/// A tensor entry whose position has not been checked yet.
struct Entry {
    name: String,
    shape: Vec<usize>,
    encoding: u32,
    offset: u64,
}

impl Header {
    /// Parses and checks the header of the file `path` with content `file`.
    pub(super) fn parse(file: &[u8], path: &Path) -> Result<Self> {
        let bad = |problem: String| malformed(path, "GGUF", problem);
        let mut cursor = Cursor::new(&file[..file.len().min(MAX_HEADER)]);
        check_version(&mut cursor, path)?;
        let n_tensors = cursor.u64().map_err(bad)?;
        let (metadata, entries) = read_entries(&mut cursor, n_tensors).map_err(bad)?;
        let alignment = alignment(&metadata).map_err(bad)?;
        // At most 2^28 + 2^20, far from overflow.
        let data = (cursor.position() as u64).next_multiple_of(alignment) as usize;
        let section = TensorSection {
            start: data,
            alignment,
            file_size: file.len(),
        };
        let mut tensors = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(encoding) = Encoding::numbered(entry.encoding) else {
                return Err(unsupported(
                    path,
                    format!("encoding {} in tensor {:?}", encoding_name(entry.encoding), entry.name),
                ));
            };
            tensors.push(locate(entry, encoding, &section).map_err(bad)?);
        }
        tensors.sort_by_key(|tensor| tensor.bytes.start);
        check_disjoint(&tensors).map_err(bad)?;
        Ok(Self {
            metadata,
            tensors,
            prefix: 0..data.min(file.len()),
        })
    }
}

fn check_version(cursor: &mut Cursor<'_>, path: &Path) -> Result<()> {
    let bad = |problem: String| malformed(path, "GGUF", problem);
    if cursor.array().map_err(bad)? != MAGIC {
        return Err(bad("it does not start with \"GGUF\"".into()));
    }
    match cursor.u32().map_err(bad)? {
        2 | 3 => Ok(()),
        1 => Err(unsupported(path, "GGUF version 1")),
        version if (1..=3).contains(&version.swap_bytes()) => Err(unsupported(path, "big-endian GGUF")),
        version => Err(unsupported(path, format!("GGUF version {version}"))),
    }
}

fn read_entries(cursor: &mut Cursor<'_>, n_tensors: u64) -> Result<(Metadata, Vec<Entry>), String> {
    let n_metadata = cursor.count(MIN_ENTRY)?;
    let mut metadata = Metadata::new();
    for _ in 0..n_metadata {
        let key = cursor.text()?;
        let value = Value::read(cursor).map_err(|problem| format!("metadata {key:?}: {problem}"))?;
        if metadata.insert(key.to_owned(), value).is_some() {
            return Err(format!("metadata {key:?} occurs twice"));
        }
    }
    if n_tensors > (cursor.remaining() / MIN_TENSOR) as u64 {
        return Err(format!(
            "{n_tensors} tensors do not fit into the {} bytes left",
            cursor.remaining()
        ));
    }
    let mut names = HashSet::new();
    let mut entries = Vec::new();
    for _ in 0..n_tensors {
        let entry = read_entry(cursor)?;
        if !names.insert(entry.name.clone()) {
            return Err(format!("tensor {:?} occurs twice", entry.name));
        }
        entries.push(entry);
    }
    Ok((metadata, entries))
}

fn read_entry(cursor: &mut Cursor<'_>) -> Result<Entry, String> {
    let name = cursor.text()?.to_owned();
    let rank = cursor.u32()?;
    if rank > 4 {
        return Err(format!("tensor {name:?} has {rank} dimensions"));
    }
    let mut shape = Vec::new();
    for _ in 0..rank {
        let size = cursor.u64()?;
        match usize::try_from(size) {
            Ok(size) if size > 0 => shape.push(size),
            _ => return Err(format!("tensor {name:?} has a dimension of size {size}")),
        }
    }
    shape.reverse();
    Ok(Entry {
        name,
        shape,
        encoding: cursor.u32()?,
        offset: cursor.u64()?,
    })
}

fn alignment(metadata: &Metadata) -> Result<u64, String> {
    match metadata.get("general.alignment") {
        None => Ok(DEFAULT_ALIGNMENT),
        Some(value) => value
            .as_u64()
            .filter(|alignment| alignment.is_power_of_two() && *alignment <= 1 << 20)
            .ok_or_else(|| format!("the alignment {value:?} is not a power of two up to 2^20")),
    }
}

/// The part of a file that holds tensors.
struct TensorSection {
    start: usize,
    alignment: u64,
    file_size: usize,
}

fn locate(entry: Entry, encoding: Encoding, section: &TensorSection) -> Result<Tensor, String> {
    let TensorSection {
        start: data,
        alignment,
        file_size: file,
    } = *section;
    let Entry {
        name, shape, offset, ..
    } = entry;
    let (block_values, block_bytes) = encoding.block();
    let d_input = shape.last().copied().unwrap_or(1);
    if !d_input.is_multiple_of(block_values) {
        return Err(format!(
            "tensor {name:?} has lines of {d_input} values, but {} needs multiples of {block_values}",
            encoding.name()
        ));
    }
    if !offset.is_multiple_of(alignment) {
        return Err(format!(
            "tensor {name:?} starts at {offset}, which is no multiple of {alignment}"
        ));
    }
    let size = shape
        .iter()
        .try_fold(1usize, |n, &size| n.checked_mul(size))
        .and_then(|values| (values / block_values).checked_mul(block_bytes))
        .ok_or_else(|| format!("tensor {name:?} has the impossible shape {shape:?}"))?;
    let start = usize::try_from(offset).ok().and_then(|offset| data.checked_add(offset));
    let end = start.and_then(|start| start.checked_add(size));
    match (start, end) {
        (Some(start), Some(end)) if end <= file => Ok(Tensor {
            name,
            shape,
            encoding,
            bytes: start..end,
        }),
        _ => Err(format!(
            "tensor {name:?} has {size} bytes at {offset} after byte {data}, but the file has {file}"
        )),
    }
}

fn check_disjoint(tensors: &[Tensor]) -> Result<(), String> {
    match tensors.windows(2).find(|pair| pair[0].bytes.end > pair[1].bytes.start) {
        Some(pair) => Err(format!("tensor {:?} overlaps {:?}", pair[1].name, pair[0].name)),
        None => Ok(()),
    }
}

/// Encodings that exist but are not read here, by name where a user is likely to meet them.
fn encoding_name(id: u32) -> String {
    match id {
        9 => "Q8_1".into(),
        10 => "Q2_K".into(),
        11 => "Q3_K".into(),
        15 => "Q8_K".into(),
        16 => "IQ2_XXS".into(),
        17 => "IQ2_XS".into(),
        18 => "IQ3_XXS".into(),
        19 => "IQ1_S".into(),
        20 => "IQ4_NL".into(),
        21 => "IQ3_S".into(),
        22 => "IQ2_S".into(),
        23 => "IQ4_XS".into(),
        29 => "IQ1_M".into(),
        34 => "TQ1_0".into(),
        35 => "TQ2_0".into(),
        39 => "MXFP4".into(),
        _ => format!("number {id}"),
    }
}
