//! The output matrix of a model whose configuration says that it is the embedding.

use super::Checkpoint;
use crate::Result;

/// The embedding matrix, and the output matrix where it is another one.
const EMBEDDING: &str = "model.embed_tokens.weight";
const HEAD: &str = "lm_head.weight";

impl Checkpoint {
    /// Finds the matrices of a model with a shared output matrix and embedding, as transformers does: if the file has
    /// both and they differ, they stay two; if it has one, under either name, it is the embedding. Tells whether they
    /// are one.
    pub(super) fn resolve_head(&mut self) -> Result<bool> {
        let has = |name: &str| self.tensors.place(name).is_some();
        match (has(EMBEDDING), has(HEAD)) {
            (true, true) if self.same_values(EMBEDDING, HEAD)? => {
                self.tensors.remove(HEAD);
                Ok(true)
            }
            (true, true) => Ok(false),
            (false, true) => {
                self.tensors.rename(HEAD, EMBEDDING);
                Ok(true)
            }
            (_, false) => Ok(true),
        }
    }

    /// Whether two tensors have equal shapes and values, in any encodings.
    fn same_values(&self, first: &str, second: &str) -> Result<bool> {
        const ROWS: usize = 1024;
        let (a, b) = (self.tensor(first)?, self.tensor(second)?);
        if a.shape != b.shape
            || a.shape.len() != 2
            || self.check_readable(first).and(self.check_readable(second)).is_err()
        {
            return Ok(false);
        }
        if a.encoding == b.encoding && self.raw(first)? == self.raw(second)? {
            return Ok(true);
        }
        let rows: Vec<u32> = (0..u32::try_from(a.rows()).unwrap_or(0)).collect();
        for rows in rows.chunks(ROWS) {
            if self.read_rows_f32(first, rows)? != self.read_rows_f32(second, rows)? {
                return Ok(false);
            }
        }
        Ok(!rows.is_empty())
    }
}
