//! A model as it is stored, and ready to run.

use std::path::{Path, PathBuf};
use std::{fs, io};

use secateurs::data::{Checkpoint, read_text};
use secateurs::runtime::{Engine, EngineConfig, LlamaWeights};
use secateurs::sparse::{Format, Group, ValueType};
use secateurs::{FormatChoice, Overwrite, PackConfig, TextWindows, evaluate_packed, first_windows, pack_checkpoint};

use crate::ExperimentError;
use crate::claims::language_model::PruningCase;

const INT8: ValueType = ValueType::Int8(Group::USUAL);

/// Whether the other ways to store a model are compared with this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Measured,
    Control,
}

/// The way in which a model is stored.
#[derive(Debug, Clone, Copy)]
pub struct Packing {
    pub name: &'static str,
    pub standing: Standing,
    /// Values of the blocks.
    values: ValueType,
    head: ValueType,
    format: FormatChoice,
}

const F16: Packing = Packing {
    name: "packed f16",
    standing: Standing::Measured,
    values: ValueType::F16,
    head: ValueType::F16,
    format: FormatChoice::BySparsity,
};

/// The model before pruning.
pub const DENSE: Packing = Packing {
    name: "dense f16",
    standing: Standing::Control,
    format: FormatChoice::Always(Format::Dense),
    ..F16
};

/// Every way to store a pruned model.
pub const PACKINGS: [Packing; 4] = [
    Packing {
        name: "pruned, dense f16",
        ..DENSE
    },
    F16,
    Packing {
        name: "packed f16, head int8",
        head: INT8,
        ..F16
    },
    Packing {
        name: "packed int8",
        values: INT8,
        head: INT8,
        ..F16
    },
];

/// One stored model, ready to run.
pub struct StoredModel {
    pub engine: Engine,
    folder: PathBuf,
}

impl StoredModel {
    /// Packs `model` into a folder of its own in `folder`, and loads it.
    pub fn pack(packing: Packing, model: &Path, folder: &Path) -> Result<Self, ExperimentError> {
        let folder = folder.join(packing.name);
        let config = PackConfig {
            values: packing.values,
            head: packing.head,
            format: packing.format,
            ..PackConfig::default()
        };
        pack_checkpoint(model, &folder, &config, Overwrite::Never, &mut |_, _| {})?;
        let weights =
            LlamaWeights::load(&Checkpoint::open(&folder)?, packing.values).map_err(secateurs::Error::from)?;
        let engine = Engine::new(weights, EngineConfig::default()).map_err(secateurs::Error::from)?;
        Ok(Self { engine, folder })
    }

    /// Perplexity on the test text of a case; `None` for a model broken to overflow.
    pub fn perplexity(&self, case: &PruningCase) -> Result<Option<f64>, ExperimentError> {
        let tokenizer = Checkpoint::open(&self.folder)?.tokenizer()?;
        let wanted = TextWindows {
            text: &read_text(&case.test)?,
            count: case.test_windows.0,
            length: case.test_windows.1,
        };
        let windows = first_windows(&tokenizer, &wanted, "the text")?;
        match evaluate_packed(&self.engine, &windows, &mut |_, _| {}) {
            Ok(evaluation) => Ok(Some(evaluation.perplexity)),
            Err(secateurs::MeasureError::LossNotFinite { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Size of the files with the weights, whatever layout they are stored in.
    ///
    /// # Errors
    ///
    /// If the folder cannot be listed.
    pub fn file_mib(&self) -> Result<f64, ExperimentError> {
        let sizes = || -> io::Result<u64> {
            let files = fs::read_dir(&self.folder)?.collect::<io::Result<Vec<_>>>()?;
            let weights = files
                .iter()
                .filter(|file| file.path().extension().is_some_and(|end| end == "safetensors"));
            weights.map(|file| Ok(file.metadata()?.len())).sum()
        };
        let bytes = sizes().map_err(|source| ExperimentError::Read {
            path: self.folder.clone(),
            source,
        })?;
        Ok(bytes as f64 / f64::from(1 << 20))
    }

    /// Removes the files.
    pub fn remove(self) -> Result<(), ExperimentError> {
        // The engine maps the file.
        drop(self.engine);
        let path = self.folder;
        fs::remove_dir_all(&path).map_err(|source| ExperimentError::Remove { path, source })
    }
}
