//! A position in a byte slice that never reads past its end.

/// The unread part of a file's header. Errors are sentences about the file.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(super) fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        let taken = self
            .bytes
            .get(self.at..)
            .and_then(|rest| rest.get(..n))
            .ok_or_else(|| {
                format!(
                    "it ends at byte {} inside an item of {n} bytes at {}",
                    self.bytes.len(),
                    self.at
                )
            })?;
        self.at += n;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        Ok(*self.take(N)?.first_chunk().expect("N bytes were taken"))
    }

    pub(super) fn u32(&mut self) -> Result<u32, String> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, String> {
        self.array().map(u64::from_le_bytes)
    }

    /// A count of items that take at least `item_bytes` each, so that memory reserved for them is bounded by the file.
    pub(super) fn count(&mut self, item_bytes: usize) -> Result<usize, String> {
        let at = self.at;
        let count = self.u64()?;
        self.fits(count, item_bytes).ok_or_else(|| {
            format!(
                "the count {count} at byte {at} is larger than the {} bytes after it allow",
                self.remaining()
            )
        })
    }

    fn fits(&self, count: u64, item_bytes: usize) -> Option<usize> {
        let count = usize::try_from(count).ok()?;
        (count.checked_mul(item_bytes)? <= self.remaining()).then_some(count)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, String> {
        let at = self.at;
        let length = self.count(1)?;
        std::str::from_utf8(self.take(length)?).map_err(|_| format!("the text at byte {at} is not UTF-8"))
    }
}
