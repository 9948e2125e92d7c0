//! Writes a checkpoint tensor by tensor, in any order, and resumes after an interruption.

mod finish;
mod layout;
mod progress;
mod storage;
mod stored;

pub use finish::float_config;
pub(crate) use finish::move_folder;
pub use stored::{Readers, StoredModel, write_stored};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::{Checkpoint, DataError, FloatType, Result, write_atomic};
use layout::{Layout, Place};
use progress::{Progress, Record};
use storage::Storage;

/// The largest safetensors file written by default, as Hugging Face does.
const MAX_SHARD_BYTES: u64 = 5_000_000_000;

/// Name and shape of a tensor to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTensor {
    /// Name in the output.
    pub name: String,
    /// Shape in the output, `[d_output, d_input]` for a linear layer.
    pub shape: Vec<usize>,
}

impl PlannedTensor {
    fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A checkpoint that is being written into a staging folder.
///
/// All headers are written and all space is reserved at the start, so tensors can arrive in any order and a full disk
/// shows before the work does. Nothing appears at the destination before [`finish`](Self::finish).
///
/// # Examples
///
/// ```
/// use secateurs_data::{CheckpointWriter, FloatType, PlannedTensor};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let staging = folder.path().join("staging");
/// let plan = vec![PlannedTensor { name: "w".into(), shape: vec![2, 2] }];
/// let writer = CheckpointWriter::create(&staging, plan, FloatType::F16)?;
/// writer.write("w", &[1.0, 2.0, 3.0, 4.0])?;
/// writer.write_file("config.json", b"{}")?;
/// writer.finish(&folder.path().join("out"))?;
/// assert!(folder.path().join("out/model.safetensors").is_file());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct CheckpointWriter {
    staging: PathBuf,
    record: Record,
    places: BTreeMap<String, Place>,
    storage: Storage,
    progress: Mutex<Progress>,
}

impl CheckpointWriter {
    /// Starts a checkpoint of the tensors in `plan` in the new folder `staging`: one `model.safetensors`, or shards of
    /// at most 5 GB and an index.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidPlan`], [`DataError::OutputExists`] if `staging` already holds a checkpoint,
    /// [`DataError::NotEnoughSpace`] or a system error. None of them leaves a new file or folder.
    pub fn create(staging: &Path, plan: Vec<PlannedTensor>, float_type: FloatType) -> Result<Self> {
        Self::create_sharded(staging, plan, float_type, MAX_SHARD_BYTES)
    }

    /// Starts a checkpoint as [`create`](Self::create) does, with shards of at most `max_shard_bytes` of data each. A
    /// single tensor larger than that gets a shard of its own.
    ///
    /// # Errors
    ///
    /// Those of [`create`](Self::create).
    pub fn create_sharded(
        staging: &Path,
        plan: Vec<PlannedTensor>,
        float_type: FloatType,
        max_shard_bytes: u64,
    ) -> Result<Self> {
        let layout = Layout::new(&plan, float_type, max_shard_bytes)?;
        let record = Record {
            float_type,
            max_shard_bytes,
            plan,
        };
        let storage = Storage::create(staging, &layout)?;
        let progress = match Progress::create(staging, &record) {
            Ok(progress) => progress,
            Err(error) => {
                storage.discard();
                return Err(error);
            }
        };
        Ok(Self {
            staging: staging.to_owned(),
            record,
            places: layout.places,
            storage,
            progress: Mutex::new(progress),
        })
    }

    /// Continues the checkpoint in `staging`; [`written`](Self::written) lists the tensors that survived.
    ///
    /// # Errors
    ///
    /// [`DataError::Malformed`] if the files in `staging` do not match the recorded plan, [`DataError::StagingInUse`],
    /// or a system error.
    pub fn open_existing(staging: &Path) -> Result<Self> {
        let (progress, record) = Progress::open(staging)?;
        let layout = Layout::new(&record.plan, record.float_type, record.max_shard_bytes)?;
        let storage = Storage::open(staging, &layout)?;
        Ok(Self {
            staging: staging.to_owned(),
            record,
            places: layout.places,
            storage,
            progress: Mutex::new(progress),
        })
    }

    /// The tensors that this checkpoint will hold.
    pub fn plan(&self) -> &[PlannedTensor] {
        &self.record.plan
    }

    /// The type in which values are stored.
    pub fn float_type(&self) -> FloatType {
        self.record.float_type
    }

    /// Stores `values` as tensor `name`, and replaces earlier ones. Survives a crash only after [`sync`](Self::sync).
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownTensor`], [`DataError::LengthMismatch`], [`DataError::NotRepresentable`] if a finite value
    /// does not fit the float type, or a system error.
    pub fn write(&self, name: &str, values: &[f32]) -> Result<()> {
        let place = self.place(name)?;
        let expected = self.record.plan[place.planned].len();
        if values.len() != expected {
            return Err(DataError::LengthMismatch {
                name: name.to_owned(),
                expected,
                got: values.len(),
            });
        }
        let bytes = self.record.float_type.encode(name, values)?;
        self.storage.write(place, &bytes)?;
        self.progress().note(place.planned);
        Ok(())
    }

    /// Reads back tensor `name` in its stored form; zeros if it was not written yet.
    ///
    /// # Errors
    ///
    /// [`DataError::UnknownTensor`] or a system error.
    pub fn read_f32(&self, name: &str) -> Result<Vec<f32>> {
        let place = self.place(name)?;
        let mut values = vec![0.0; self.record.plan[place.planned].len()];
        let mut bytes = vec![0; values.len() * self.record.float_type.size()];
        self.storage.read(place, &mut bytes)?;
        self.record.float_type.decode(&bytes, &mut values);
        Ok(values)
    }

    /// Makes all tensors written so far survive a crash.
    ///
    /// # Errors
    ///
    /// A system error.
    pub fn sync(&self) -> Result<()> {
        // Lock first: a tensor noted while the data is being synced must wait for the next sync.
        let mut progress = self.progress();
        self.storage.sync()?;
        progress.commit()
    }

    /// Names of the tensors that were written, in the order of the plan; after [`open_existing`](Self::open_existing),
    /// of the tensors that were synced before the interruption.
    pub fn written(&self) -> Vec<String> {
        let progress = self.progress();
        let planned = self.record.plan.iter().enumerate();
        planned
            .filter(|(i, _)| progress.has(*i))
            .map(|(_, tensor)| tensor.name.clone())
            .collect()
    }

    /// Adds one more file, such as a tokenizer, to the checkpoint.
    ///
    /// # Errors
    ///
    /// [`DataError::InvalidPlan`] if `name` is no plain file name or belongs to the weights, or a system error.
    pub fn write_file(&self, name: &str, bytes: &[u8]) -> Result<()> {
        finish::check_extra_file(name)?;
        write_atomic(&self.staging.join(name), bytes)
    }

    /// Adds everything about the model in `source` besides its weights: `config.json` with this checkpoint's float type
    /// and no quantisation (see [`float_config`]), the tokenizer, and generation settings if it has them.
    ///
    /// # Errors
    ///
    /// A malformed tokenizer or settings file in `source`, or a system error.
    pub fn copy_metadata(&self, source: &Checkpoint) -> Result<()> {
        self.copy_metadata_with(source, source.config().clone())
    }

    /// Copies metadata as [`copy_metadata`](Self::copy_metadata) does, with another configuration.
    ///
    /// # Errors
    ///
    /// Those of [`copy_metadata`](Self::copy_metadata).
    pub fn copy_metadata_with(&self, source: &Checkpoint, config: serde_json::Value) -> Result<()> {
        let config = finish::pretty(&float_config(config, self.record.float_type));
        self.write_file(finish::CONFIG_FILE, &config)?;
        source
            .side_files()?
            .into_iter()
            .try_for_each(|(name, bytes)| self.write_file(&name, &bytes))
    }

    /// Makes everything durable and moves the staging folder to `out`, in one step.
    ///
    /// # Errors
    ///
    /// [`DataError::Incomplete`] if a planned tensor or `config.json` is missing, [`DataError::OutputExists`], or a
    /// system error. The staging folder then stays as it is and can be opened again.
    pub fn finish(self, out: &Path) -> Result<()> {
        self.sync()?;
        let staging = self.staging.clone();
        let missing = self.missing();
        if !missing.is_empty() {
            return Err(DataError::Incomplete { path: staging, missing });
        }
        finish::publish(&staging, out, || {
            // Windows cannot rename a folder with open files in it.
            drop(self);
        })
    }

    fn missing(&self) -> Vec<String> {
        let progress = self.progress();
        let planned = self.record.plan.iter().enumerate();
        let mut missing: Vec<String> = planned
            .filter(|(i, _)| !progress.has(*i))
            .map(|(_, tensor)| tensor.name.clone())
            .collect();
        if !self.staging.join(finish::CONFIG_FILE).is_file() {
            missing.push(finish::CONFIG_FILE.to_owned());
        }
        missing
    }

    fn place(&self, name: &str) -> Result<&Place> {
        self.places.get(name).ok_or_else(|| DataError::UnknownTensor {
            path: self.staging.clone(),
            name: name.to_owned(),
        })
    }

    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        // The progress is consistent after each of its methods, so a panic elsewhere does not spoil it.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
