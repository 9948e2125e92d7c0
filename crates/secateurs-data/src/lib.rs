#![doc = include_str!("../README.md")]

mod atomic;
mod chat_template;
mod checkpoint;
mod error;
mod finite;
mod float_type;
mod gguf;
mod held_output;
mod hex;
mod json;
pub mod llama;
mod mmap;
mod run_folder;
mod safetensors;
mod tensor_file;
mod tensor_info;
mod tensor_list;
mod tensor_plan;
mod text;
mod tokenizer;
mod torch;
mod writer;

pub use atomic::{fill_atomic, rename_durably, write_atomic};
pub use checkpoint::Checkpoint;
pub use error::{DataError, Result};
pub use float_type::{FloatType, NotRepresentable, ParseFloatTypeError};
pub use held_output::{AbandonedWork, HeldOutput, Leftover, OutputKind, abandon_work, staging_path};
pub use hex::hex;
pub use run_folder::{
    OutputClaim, OutputError, OutputForm, OutputRequest, Overwrite, RunFolder, RunJournal, RunLines, StagedOutput,
};
pub use tensor_file::{PlannedRaw, TensorFile, TensorFileWriter};
pub use tensor_info::{RawTensor, TensorInfo};
pub use tensor_plan::{TensorKind, TensorPlan};
pub use text::read_text;
pub use tokenizer::{TextStream, Tokenizer};
pub use torch::read_torch_state;
pub use writer::{CheckpointWriter, PlannedTensor, Readers, StoredModel, float_config, write_stored};
