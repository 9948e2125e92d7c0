//! A safetensors file, mapped into memory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::header::{Header, Span};
use crate::error::unsupported;
use crate::finite::{SCANNED_BYTES, all_finite};
use crate::mmap::FileBytes;
use crate::{DataError, FloatType, RawTensor, Result, TensorInfo};

/// An open file with a checked header.
#[derive(Debug)]
pub(crate) struct SafetensorsFile {
    path: PathBuf,
    bytes: Arc<FileBytes>,
    header: Header,
}

impl SafetensorsFile {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let bytes = Arc::new(FileBytes::map(path)?);
        let header = Header::parse(&bytes, path)?;
        Ok(Self {
            path: path.to_owned(),
            bytes,
            header,
        })
    }

    pub(crate) fn tensors(&self) -> impl Iterator<Item = &TensorInfo> {
        self.header.tensors.iter().map(|span| &span.info)
    }

    /// Texts about the file.
    pub(crate) fn metadata(&self) -> &BTreeMap<String, String> {
        &self.header.metadata
    }

    /// The bytes of the length and the header.
    pub(crate) fn prefix(&self) -> &[u8] {
        &self.bytes[self.header.prefix.clone()]
    }

    /// The stored bytes of tensor number `index` in position order.
    pub(crate) fn raw(&self, index: usize) -> &[u8] {
        &self.bytes[self.header.tensors[index].bytes.clone()]
    }

    /// Tensor number `index` in its stored form; its bytes keep the file mapped.
    pub(crate) fn stored(&self, index: usize) -> RawTensor {
        let span = &self.header.tensors[index];
        RawTensor {
            dtype: span.info.encoding.clone(),
            shape: span.info.shape.clone(),
            bytes: Bytes::from_owner(Mapped(self.bytes.clone())).slice(span.bytes.clone()),
        }
    }

    /// Gives the file's pages that were read back to the system, including the neighbours that it mapped with them.
    pub(crate) fn release(&self) {
        self.bytes.release();
    }

    pub(crate) fn read_f32(&self, index: usize) -> Result<Vec<f32>> {
        let (span, float_type) = self.float_tensor(index)?;
        let mut values = vec![0.0; span.info.len()];
        float_type.decode(self.raw(index), &mut values);
        self.release();
        Ok(values)
    }

    pub(crate) fn read_rows_f32(&self, index: usize, rows: &[u32]) -> Result<Vec<f32>> {
        let (span, float_type) = self.float_tensor(index)?;
        let n_rows = span.info.rows();
        if let Some(&row) = rows.iter().find(|&&row| row as usize >= n_rows) {
            return Err(DataError::RowOutOfRange {
                name: span.info.name.clone(),
                row,
                rows: n_rows,
            });
        }
        // With no rows at all the list is empty here, so the division is safe.
        let length = span.info.len().checked_div(n_rows).unwrap_or(0);
        let mut values = vec![0.0; rows.len() * length];
        if length > 0 {
            let bytes = self.raw(index);
            let row_bytes = length * float_type.size();
            for (&row, values) in rows.iter().zip(values.chunks_exact_mut(length)) {
                float_type.decode(&bytes[row as usize * row_bytes..][..row_bytes], values);
            }
        }
        Ok(values)
    }

    /// Refuses a tensor without floats.
    pub(crate) fn check_readable(&self, index: usize) -> Result<()> {
        self.float_tensor(index).map(|_| ())
    }

    /// Whether all values of tensor number `index` are finite; true for other types than the floats read here.
    pub(crate) fn is_finite(&self, index: usize) -> bool {
        let Ok((_, float_type)) = self.float_tensor(index) else {
            return true;
        };
        let parts = self.raw(index).chunks(SCANNED_BYTES);
        let mut finite = parts.map(|part| {
            let is_finite = all_finite(float_type, part);
            self.release();
            is_finite
        });
        finite.all(|is_finite| is_finite)
    }

    fn float_tensor(&self, index: usize) -> Result<(&Span, FloatType)> {
        let span = &self.header.tensors[index];
        let float_type = FloatType::from_safetensors_name(&span.info.encoding).ok_or_else(|| {
            unsupported(
                &self.path,
                format!("type {} in tensor {:?}", span.info.encoding, span.info.name),
            )
        })?;
        Ok((span, float_type))
    }
}

/// The bytes of a file as an owner that [`Bytes`] shares.
struct Mapped(Arc<FileBytes>);

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
