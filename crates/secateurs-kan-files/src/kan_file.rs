//! Kolmogorov-Arnold networks in files: safetensors with the configuration in the header.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::{DType, Device, TensorData};
use secateurs_data::{PlannedRaw, RawTensor, TensorFile, TensorFileWriter};
use secateurs_kan::{Kan, KanState, StateConfig};

use crate::KanFileError;

/// Key of the header under which the configuration stands as JSON.
const CONFIG: &str = "secateurs.kan";

/// Writes a network to a file, which appears whole or not at all and replaces any older file.
///
/// The file holds the tensors of [`KanState`] and its configuration as JSON in the metadata `secateurs.kan`.
///
/// # Errors
///
/// If the precision is neither f32 nor f64, or a system error.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// use burn::tensor::Device;
/// use secateurs_kan::{BasisConfig, KanConfig};
/// use secateurs_kan_files::kan_file::{load, save};
///
/// let basis = BasisConfig::BSpline { degree: 3, n_intervals: 5 };
/// let kan = KanConfig::new([2, 5, 1], basis)?.init(0, &Device::default());
/// let path = folder.path().join("kan.safetensors");
/// save(&kan, &path)?;
/// assert_eq!(load(&path, &Device::default())?.to_state(), kan.to_state());
/// # Ok(())
/// # }
/// ```
pub fn save(kan: &Kan, path: &Path) -> Result<(), KanFileError> {
    let KanState { config, tensors } = kan.to_state();
    let config = serde_json::to_string(&config).map_err(KanFileError::Json)?;
    let mut plan = Vec::new();
    for (name, data) in &tensors {
        plan.push(PlannedRaw {
            name: name.clone(),
            dtype: element_type(data.dtype())?,
            shape: data.shape().to_vec(),
        });
    }
    let metadata = BTreeMap::from([(CONFIG.to_owned(), config)]);
    let mut writer = TensorFileWriter::create_with(path, plan, &metadata)?;
    for (_, data) in &tensors {
        writer.write(&to_bytes(data))?;
    }
    Ok(writer.finish()?)
}

/// Reads a network from a file of [`save`].
///
/// # Errors
///
/// If the file is no such file, or its configuration and tensors make no network, as
/// [`Kan::from_state`](secateurs_kan::Kan::from_state) says, or a system error.
pub fn load(path: &Path, device: &Device) -> Result<Kan, KanFileError> {
    let file = TensorFile::open(path)?;
    let no_kan = || KanFileError::NoKan { path: path.to_owned() };
    let config = file.metadata().get(CONFIG).ok_or_else(no_kan)?;
    let config: StateConfig = serde_json::from_str(config).map_err(|source| KanFileError::Header {
        path: path.to_owned(),
        source,
    })?;
    let mut tensors = Vec::new();
    for info in file.tensors() {
        tensors.push((info.name.clone(), from_bytes(&file.tensor(&info.name)?)?));
    }
    let kan = Kan::from_state(KanState { config, tensors }, device);
    kan.map_err(|source| KanFileError::Kan {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

fn element_type(dtype: DType) -> Result<&'static str, KanFileError> {
    match dtype {
        DType::F32 => Ok("F32"),
        DType::F64 => Ok("F64"),
        other => Err(KanFileError::Precision {
            got: format!("{other:?}"),
        }),
    }
}

fn to_bytes(data: &TensorData) -> Vec<u8> {
    match data.dtype() {
        DType::F64 => data.iter::<f64>().flat_map(f64::to_le_bytes).collect(),
        _ => data.iter::<f32>().flat_map(f32::to_le_bytes).collect(),
    }
}

/// Numbers of a tensor in a file.
pub(crate) fn from_bytes(raw: &RawTensor) -> Result<TensorData, KanFileError> {
    let (bytes, shape) = (&raw.bytes, raw.shape.clone());
    match raw.dtype.as_str() {
        "F64" => Ok(TensorData::new(numbers(bytes, f64::from_le_bytes), shape)),
        "F32" => Ok(TensorData::new(numbers(bytes, f32::from_le_bytes), shape)),
        other => Err(KanFileError::Precision { got: other.to_owned() }),
    }
}

fn numbers<const N: usize, T>(bytes: &[u8], number: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (numbers, _) = bytes.as_chunks::<N>();
    numbers.iter().map(|bytes| number(*bytes)).collect()
}
