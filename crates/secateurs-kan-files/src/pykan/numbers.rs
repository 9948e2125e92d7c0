//! Tensors of a file as numbers in double precision.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::TensorData;
use secateurs_data::RawTensor;
use secateurs_kan::KanError;

use crate::KanFileError;
use crate::kan_file::from_bytes;

/// The tensors of a file.
pub(super) struct Tensors<'a> {
    pub(super) path: &'a Path,
    tensors: BTreeMap<String, RawTensor>,
    /// Whether any tensor is in double precision.
    is_double: bool,
}

impl<'a> Tensors<'a> {
    pub(super) fn new(tensors: BTreeMap<String, RawTensor>, path: &'a Path) -> Self {
        Self {
            is_double: tensors.values().any(|tensor| tensor.dtype == "F64"),
            tensors,
            path,
        }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    pub(super) fn last_size(&self, name: &str) -> Result<usize, KanFileError> {
        Ok(self.raw(name)?.shape.last().copied().unwrap_or(0))
    }

    pub(super) fn take(&self, name: &str, expected: &[usize]) -> Result<Numbers, KanFileError> {
        let raw = self.raw(name)?;
        if raw.shape != expected {
            return Err(self.wrong(KanError::TensorShape {
                name: name.to_owned(),
                expected: expected.to_vec(),
                got: raw.shape.clone(),
            }));
        }
        Ok(self.numbers(raw.shape.clone(), from_bytes(raw)?.iter::<f64>().collect()))
    }

    /// Converts numbers to a tensor in the precision of the file.
    pub(super) fn numbers(&self, shape: Vec<usize>, values: Vec<f64>) -> Numbers {
        Numbers {
            values,
            shape,
            is_double: self.is_double,
        }
    }

    fn raw(&self, name: &str) -> Result<&RawTensor, KanFileError> {
        let missing = || self.wrong(KanError::MissingTensor { name: name.to_owned() });
        self.tensors.get(name).ok_or_else(missing)
    }

    fn wrong(&self, source: KanError) -> KanFileError {
        KanFileError::Kan {
            path: self.path.to_owned(),
            source: Box::new(source),
        }
    }
}

/// A tensor in double precision that remembers its original precision.
pub(super) struct Numbers {
    pub(super) values: Vec<f64>,
    pub(super) shape: Vec<usize>,
    is_double: bool,
}

impl Numbers {
    /// Replaces every value by a function of its index and itself.
    pub(super) fn with(&self, value: impl Fn(usize, f64) -> f64) -> Self {
        let values = self.values.iter().enumerate();
        Self {
            values: values.map(|(at, old)| value(at, *old)).collect(),
            shape: self.shape.clone(),
            is_double: self.is_double,
        }
    }

    /// Spreads the subnodes, the second dimension of edges and the only one of nodes, over more places; new places hold
    /// `missing`.
    pub(super) fn spread(self, places: &[usize], n_subnodes: usize, missing: f64) -> Self {
        let dimension = self.shape.len().min(2) - 1;
        let inner: usize = self.shape[dimension + 1..].iter().product();
        let outer: usize = self.shape[..dimension].iter().product();
        let mut values = vec![missing; outer * n_subnodes * inner];
        for (at, row) in self.values.chunks(inner.max(1)).enumerate() {
            let (before, subnode) = (at / places.len(), at % places.len());
            let start = (before * n_subnodes + places[subnode]) * inner;
            values[start..start + inner].copy_from_slice(row);
        }
        let mut shape = self.shape;
        shape[dimension] = n_subnodes;
        Self { values, shape, ..self }
    }

    /// Transposes `[d_input, n_subnodes, n_basis]` to `[d_input, n_basis, n_subnodes]`.
    pub(super) fn transposed(self) -> Self {
        let [d_input, n_subnodes, n_basis] = [0, 1, 2].map(|dimension| self.shape[dimension]);
        let mut values = vec![0.0; self.values.len()];
        for (at, value) in self.values.iter().enumerate() {
            let (edge, m) = (at / n_basis, at % n_basis);
            let (input, subnode) = (edge / n_subnodes, edge % n_subnodes);
            values[(input * n_basis + m) * n_subnodes + subnode] = *value;
        }
        Self {
            values,
            shape: vec![d_input, n_basis, n_subnodes],
            ..self
        }
    }

    pub(super) fn into_data(self) -> TensorData {
        if self.is_double {
            TensorData::new(self.values, self.shape)
        } else {
            let values: Vec<f32> = self.values.iter().map(|value| *value as f32).collect();
            TensorData::new(values, self.shape)
        }
    }
}
