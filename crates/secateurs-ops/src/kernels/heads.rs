//! A strided view of `[batch, n_heads, n_tokens, d_head]`.

use std::ops::Range;

use faer::MatRef;

/// Per-head activations whose head vectors are contiguous; the other axes have any stride.
#[derive(Clone, Copy)]
pub(crate) struct Heads<'a> {
    data: &'a [f32],
    dims: [usize; 4],
    strides: [usize; 3],
}

/// One head of one batch element.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub(crate) batch: usize,
    pub(crate) head: usize,
}

impl<'a> Heads<'a> {
    /// Views `data`, which starts at the first element. `strides` are those of batch, head and token.
    pub(crate) fn new(data: &'a [f32], dims: [usize; 4], strides: [usize; 3]) -> Self {
        Self { data, dims, strides }
    }

    /// `[batch, n_heads, n_tokens, d_head]`.
    pub(crate) fn dims(&self) -> [usize; 4] {
        self.dims
    }

    fn offset(&self, Head { batch, head }: Head, token: usize) -> usize {
        batch * self.strides[0] + head * self.strides[1] + token * self.strides[2]
    }

    /// The vector of one token.
    pub(crate) fn vector(&self, head: Head, token: usize) -> &'a [f32] {
        &self.data[self.offset(head, token)..][..self.dims[3]]
    }

    /// The matrix `[tokens, d_head]` of one head.
    pub(crate) fn matrix(&self, head: Head, tokens: Range<usize>) -> MatRef<'a, f32> {
        let length = (tokens.len() - 1) * self.strides[2] + self.dims[3];
        let data = &self.data[self.offset(head, tokens.start)..][..length];
        MatRef::from_row_major_slice_with_stride(data, tokens.len(), self.dims[3], self.strides[2])
    }

    /// Appends the vectors of `tokens`, each times `scale`.
    pub(crate) fn gather(&self, head: Head, tokens: Range<usize>, scale: f32, into: &mut Vec<f32>) {
        for token in tokens {
            into.extend(self.vector(head, token).iter().map(|x| x * scale));
        }
    }
}
