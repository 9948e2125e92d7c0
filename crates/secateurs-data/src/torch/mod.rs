//! Dictionaries of tensors that PyTorch saved: a zip archive with a pickle that lists them, and their bytes.

mod archive;
mod pickle;
mod tensor;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use crate::error::malformed;
use crate::mmap::FileBytes;
use crate::{RawTensor, Result};

/// Reads the file of `torch.save(model.state_dict(), path)` (PyTorch 1.6 and later), by name.
///
/// Nothing of the pickle is run: it may make dictionaries, tuples, numbers, texts and tensors, and anything else is an
/// error. Tensors that are the same share their bytes, and all together may take four times the size of the file.
///
/// # Errors
///
/// [`DataError::Malformed`](crate::DataError::Malformed) if the file is no such archive, contradicts itself, or holds
/// anything but a dictionary of tensors, or a system error.
pub fn read_torch_state(path: &Path) -> Result<BTreeMap<String, RawTensor>> {
    let bytes = FileBytes::map(path)?;
    let bad = |problem: String| malformed(path, "PyTorch", problem);
    let archive = archive::Archive::parse(&bytes).map_err(bad)?;
    let entries = pickle::dictionary(archive.entry("data.pkl").map_err(bad)?).map_err(bad)?;
    let mut gathering = tensor::Tensors::new(&archive);
    let mut tensors = BTreeMap::new();
    for (name, stored) in entries {
        let raw = gathering.tensor(&stored);
        let raw = raw.map_err(|problem| bad(format!("tensor {}: {problem}", shortened(&name))))?;
        tensors.insert(name.to_string(), raw);
    }
    Ok(tensors)
}

/// The start of a text of the file, for messages.
fn shortened(text: &str) -> Cow<'_, str> {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}..", &text[..end]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataError;

    const REBUILD: &[u8] = b"ctorch._utils\n_rebuild_tensor_v2\n";

    /// An archive of uncompressed entries.
    fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut file, mut directory) = (Vec::new(), Vec::new());
        for (name, content) in entries {
            let (start, size) = (file.len() as u32, content.len() as u32);
            let length = name.len() as u16;
            file.extend([b"PK\x03\x04", &[0; 22][..], &length.to_le_bytes(), &[0; 2]].concat());
            file.extend([name.as_bytes(), content].concat());
            directory.extend([b"PK\x01\x02", &[0; 16][..], &size.to_le_bytes(), &size.to_le_bytes()].concat());
            directory.extend(
                [
                    &length.to_le_bytes(),
                    &[0; 12][..],
                    &start.to_le_bytes(),
                    name.as_bytes(),
                ]
                .concat(),
            );
        }
        let (at, count) = (file.len() as u32, entries.len() as u16);
        file.append(&mut directory);
        file.extend([b"PK\x05\x06", &[0; 4][..], &count.to_le_bytes(), &count.to_le_bytes()].concat());
        file.extend([&[0; 4][..], &at.to_le_bytes(), &[0; 2]].concat());
        file
    }

    fn text(text: &str) -> Vec<u8> {
        [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
    }

    /// The arguments of a tensor with some of the numbers of the storage, which is 0 in the memo.
    fn view(offset: u16, count: u16) -> Vec<u8> {
        let [offset, count] = [offset, count].map(u16::to_le_bytes);
        [b"(h\0M", &offset[..], b"M", &count, b"\x85K\x01\x85t"].concat()
    }

    /// A file with a storage of 1000 numbers, its own index each, and a dictionary with these entries.
    fn read(entries: impl Iterator<Item = Vec<u8>>) -> Result<BTreeMap<String, RawTensor>> {
        let storage = [
            b"(",
            &text("storage")[..],
            b"ctorch\nFloatStorage\n",
            &text("0"),
            b"tQq\0",
        ]
        .concat();
        let tensor = [REBUILD, b"q\x01", &view(0, 1000), b"Rq\x02"].concat();
        let start = [storage, tensor, b"}(".to_vec()].concat();
        let pickle: Vec<u8> = start.into_iter().chain(entries.flatten()).chain(*b"u.").collect();
        let numbers: Vec<u8> = (0..1000).flat_map(|index| (index as f32).to_le_bytes()).collect();
        let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
        let archive = zip(&[("a/data.pkl", &pickle), ("a/data/0", &numbers)]);
        std::fs::write(file.path(), archive).expect("it can be written");
        read_torch_state(file.path())
    }

    fn named(index: u16, tensor: &[u8]) -> Vec<u8> {
        [&text(&index.to_string())[..], tensor].concat()
    }

    #[test]
    fn the_same_tensor_shares_its_bytes() {
        let again = [b"h\x01", &view(0, 1000)[..], b"R"].concat();
        let of = |index: u16| {
            if index.is_multiple_of(2) {
                b"h\x02".to_vec()
            } else {
                again.clone()
            }
        };
        let tensors = read((0..60_000).map(|index| named(index, &of(index)))).expect("it is valid");
        assert_eq!(tensors.len(), 60_000);
        let first = &tensors["0"];
        assert_eq!(
            (first.dtype.as_str(), &first.shape[..], first.bytes.len()),
            ("F32", &[1000][..], 4000)
        );
        assert!(
            tensors
                .values()
                .all(|tensor| tensor.bytes.as_ptr() == first.bytes.as_ptr())
        );
        assert_eq!(first.bytes[4..8], 1f32.to_le_bytes());
    }

    #[test]
    fn views_of_one_storage_are_limited() {
        let of = |index: u16, count| named(index, &[b"h\x01", &view(index, count)[..], b"R"].concat());
        let short = read((0..1000).map(|index| of(index, 1))).expect("it is valid");
        assert_eq!(short["7"].bytes[..], 7f32.to_le_bytes());
        let failure = read((0..500).map(|index| of(index, 500)));
        let Err(DataError::Malformed { problem, .. }) = failure else {
            panic!("it is refused");
        };
        assert!(problem.contains("more than 4 times"), "{problem}");
    }

    #[test]
    fn a_long_name_is_shortened() {
        let long = "\u{e9}".repeat(100_000);
        let failure = read([[text(&long), b"h\x01".to_vec(), view(1, 1000), b"R".to_vec()].concat()].into_iter());
        let message = failure.expect_err("it is refused").to_string();
        assert!(
            message.contains("exceeds 1000 elements") && message.len() < 600,
            "{}",
            message.len()
        );
    }
}
