//! Zip archives with uncompressed entries, as PyTorch writes them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::shortened;

const END: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const ENTRY: &[u8] = b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;
/// The longest comment at the end of an archive.
const MAX_COMMENT: usize = u16::MAX as usize;

/// Places of the entries of an archive.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    /// Entries by name, without the folder that holds all of them.
    entries: BTreeMap<String, Range<usize>>,
}

impl<'a> Archive<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, String> {
        let earliest = bytes.len().saturating_sub(END_BYTES + MAX_COMMENT);
        let end = bytes[earliest..].windows(END.len()).rposition(|window| window == END);
        let end = earliest + end.ok_or("it is no zip archive")?;
        let count = number::<2>(bytes, end + 10)?;
        let mut at = number::<4>(bytes, end + 16)?;
        let mut entries = BTreeMap::new();
        for _ in 0..count {
            at = add_entry(bytes, at, &mut entries)?;
        }
        Ok(Self { bytes, entries })
    }

    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The content of an entry.
    pub(super) fn entry(&self, name: &str) -> Result<&'a [u8], String> {
        let range = self
            .entries
            .get(name)
            .ok_or_else(|| format!("it has no {}", shortened(name)))?;
        Ok(&self.bytes[range.clone()])
    }
}

/// Adds the entry that the directory describes at a position, and returns the position of the next one.
fn add_entry(bytes: &[u8], at: usize, entries: &mut BTreeMap<String, Range<usize>>) -> Result<usize, String> {
    if part(bytes, at, ENTRY.len())? != ENTRY {
        return Err(format!("its directory has no entry at byte {at}"));
    }
    let (method, size) = (number::<2>(bytes, at + 10)?, number::<4>(bytes, at + 24)?);
    let [name, extra, comment] = [28, 30, 32].map(|offset| number::<2>(bytes, at + offset));
    let (name, extra, comment) = (name?, extra?, comment?);
    let text = part(bytes, at + ENTRY_BYTES, name)?;
    let text = std::str::from_utf8(text).map_err(|_| format!("the name at byte {at} is no UTF-8"))?;
    let shown = shortened(text);
    if method != 0 {
        return Err(format!("{shown} is compressed"));
    }
    let local = number::<4>(bytes, at + 42)?;
    if size == u32::MAX as usize || local == u32::MAX as usize {
        return Err(format!("{shown} lies beyond 4 GiB, which is not supported"));
    }
    if part(bytes, local, LOCAL.len())? != LOCAL {
        return Err(format!("{shown} is not at byte {local}"));
    }
    let start = local + LOCAL_BYTES + number::<2>(bytes, local + 26)? + number::<2>(bytes, local + 28)?;
    part(bytes, start, size)?;
    let short = text.split_once('/').map_or(text, |(_, short)| short);
    entries.insert(short.to_owned(), start..start + size);
    Ok(at + ENTRY_BYTES + name + extra + comment)
}

fn part(bytes: &[u8], at: usize, length: usize) -> Result<&[u8], String> {
    let rest = bytes.get(at..).and_then(|rest| rest.get(..length));
    rest.ok_or_else(|| format!("{length} bytes at byte {at} are beyond its end"))
}

/// A little-endian number of at most four bytes.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Result<usize, String> {
    let digits = part(bytes, at, N)?.iter().rev();
    Ok(digits.fold(0, |number, digit| number << 8 | usize::from(*digit)))
}
