//! Safetensors files with any element types that are not models, such as the state of an interrupted job.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::atomic::{folder_of, persist};
use crate::error::IoContext;
use crate::safetensors::{SafetensorsFile, bytes_of, dtype_named, mixed_header_bytes};
use crate::{DataError, RawTensor, Result, TensorInfo};

/// Name, element type (as safetensors headers name it, for instance `BF16`) and shape of a tensor to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRaw {
    /// Name of the tensor.
    pub name: String,
    /// Element type of the tensor.
    pub dtype: &'static str,
    /// Shape of the tensor.
    pub shape: Vec<usize>,
}

/// Writes a safetensors file tensor by tensor; it appears at its path whole or not at all.
///
/// # Examples
///
/// ```
/// use secateurs_data::{PlannedRaw, TensorFile, TensorFileWriter};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("state.safetensors");
/// let plan = vec![PlannedRaw { name: "codes".into(), dtype: "U8", shape: vec![3] }];
/// let mut writer = TensorFileWriter::create(&path, plan)?;
/// writer.write(&[1, 2, 3])?;
/// writer.finish()?;
/// assert_eq!(TensorFile::open(&path)?.tensor("codes")?.bytes[..], [1, 2, 3]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TensorFileWriter {
    file: BufWriter<tempfile::NamedTempFile>,
    path: PathBuf,
    plan: Vec<PlannedRaw>,
    n_written: usize,
}

impl TensorFileWriter {
    /// Begins a file for the tensors of `plan`, in this order.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidPlan`] for a name that occurs twice or a tensor that is too large, or a system error.
    ///
    /// # Panics
    ///
    /// If safetensors has no such element type.
    pub fn create(path: &Path, plan: Vec<PlannedRaw>) -> Result<Self> {
        Self::create_with(path, plan, &BTreeMap::new())
    }

    /// Begins a file with texts about it in its header.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    ///
    /// # Panics
    ///
    /// As [`create`](Self::create).
    pub fn create_with(path: &Path, plan: Vec<PlannedRaw>, metadata: &BTreeMap<String, String>) -> Result<Self> {
        let named = plan.iter().map(|raw| (raw.name.as_str(), &raw.shape[..], raw.dtype));
        let header = mixed_header_bytes(named, metadata)?;
        let folder = folder_of(path);
        let file = tempfile::NamedTempFile::new_in(folder).during("create a temporary file in", folder)?;
        let mut file = BufWriter::with_capacity(1 << 20, file);
        file.write_all(&header).during("write", path)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            plan,
            n_written: 0,
        })
    }

    /// Writes the next tensor of the plan, little-endian.
    ///
    /// # Errors
    ///
    /// [`DataError::LengthMismatch`] if the number of bytes differs from the plan's, or a system error.
    ///
    /// # Panics
    ///
    /// If all tensors of the plan are written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let planned = &self.plan[self.n_written];
        let dtype = dtype_named(planned.dtype).expect("checked when the header was made");
        let expected = bytes_of(dtype, &planned.shape).expect("checked when the header was made") as usize;
        if bytes.len() != expected {
            return Err(DataError::LengthMismatch {
                name: planned.name.clone(),
                expected,
                got: bytes.len(),
            });
        }
        self.n_written += 1;
        self.file.write_all(bytes).during("write", &self.path)
    }

    /// Syncs the file and moves it to its path, over any older file.
    ///
    /// # Errors
    ///
    /// [`DataError::Incomplete`] if tensors are missing, or a system error. The path then keeps its earlier file.
    pub fn finish(self) -> Result<()> {
        if self.n_written < self.plan.len() {
            let missing = self.plan[self.n_written..].iter().map(|raw| raw.name.clone()).collect();
            return Err(DataError::Incomplete {
                path: self.path,
                missing,
            });
        }
        let file = self.file.into_inner().map_err(std::io::IntoInnerError::into_error);
        persist(file.during("write", &self.path)?, &self.path)
    }
}

/// A safetensors file that is not a model.
#[derive(Debug)]
pub struct TensorFile {
    file: SafetensorsFile,
    path: PathBuf,
}

impl TensorFile {
    /// Opens a file and checks its header.
    ///
    /// # Errors
    ///
    /// [`DataError::Malformed`] or a system error.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            file: SafetensorsFile::open(path)?,
            path: path.to_owned(),
        })
    }

    /// Texts about the file in its header.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        self.file.metadata()
    }

    /// All tensors in order of position.
    pub fn tensors(&self) -> impl Iterator<Item = &TensorInfo> {
        self.file.tensors()
    }

    /// A tensor in its stored form.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownTensor`] if there is none of that name.
    pub fn tensor(&self, name: &str) -> Result<RawTensor> {
        let index = self.file.tensors().position(|info| info.name == name);
        let index = index.ok_or_else(|| DataError::UnknownTensor {
            path: self.path.clone(),
            name: name.to_owned(),
        })?;
        Ok(self.file.stored(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(name: &str, dtype: &'static str, shape: &[usize]) -> PlannedRaw {
        PlannedRaw {
            name: name.into(),
            dtype,
            shape: shape.to_vec(),
        }
    }

    #[test]
    fn mixed_types_come_back_and_an_unfinished_file_changes_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("state.safetensors");
        let plan = vec![raw("b", "BF16", &[2, 1]), raw("a", "U8", &[3])];
        let mut writer = TensorFileWriter::create(&path, plan.clone()).expect("created");
        writer.write(&[1, 2, 3, 4]).expect("written");
        writer.write(&[5, 6, 7]).expect("written");
        writer.finish().expect("finished");
        let mut unfinished = TensorFileWriter::create(&path, plan).expect("created");
        unfinished.write(&[9; 4]).expect("written");
        let failure = unfinished.finish();
        assert!(matches!(failure, Err(DataError::Incomplete { missing, .. }) if missing == ["a"]));
        let file = TensorFile::open(&path).expect("opened");
        let b = file.tensor("b").expect("there");
        assert_eq!(
            (b.dtype.as_str(), &b.shape[..], &b.bytes[..]),
            ("BF16", &[2, 1][..], &[1, 2, 3, 4][..])
        );
        assert_eq!(file.tensor("a").expect("there").bytes[..], [5, 6, 7]);
        assert!(matches!(file.tensor("c"), Err(DataError::UnknownTensor { .. })));
        let entries = std::fs::read_dir(folder.path()).expect("listed").count();
        assert_eq!(entries, 1);
    }

    #[test]
    fn texts_about_a_file_come_back() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("state.safetensors");
        let texts = BTreeMap::from([("settings".to_owned(), "{\"a\": \"\u{e9}\"}".to_owned())]);
        let writer = TensorFileWriter::create_with(&path, Vec::new(), &texts).expect("created");
        writer.finish().expect("finished");
        let file = TensorFile::open(&path).expect("opened");
        assert_eq!(file.metadata()["settings"], texts["settings"]);
        assert_eq!((file.metadata()["format"].as_str(), file.tensors().count()), ("pt", 0));
    }

    #[test]
    fn bytes_of_another_length_are_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("state.safetensors");
        let mut writer = TensorFileWriter::create(&path, vec![raw("a", "F32", &[2])]).expect("created");
        let failure = writer.write(&[0; 4]);
        assert!(matches!(
            failure,
            Err(DataError::LengthMismatch {
                expected: 8,
                got: 4,
                ..
            })
        ));
    }
}
