//! Errors of model files and outputs, which all jobs share.

use std::error::Error as StdError;
use std::io;
use std::path::PathBuf;

use secateurs_data::llama::ConfigError;
use secateurs_data::{DataError, OutputError};
use secateurs_models::ModelError;

/// A model that cannot be opened or used, or an output that cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelFileError {
    /// A packed model where a plain one is needed.
    #[error("{} is packed; unpack it with `secateurs pack --format dense`", path.display())]
    IsPacked {
        /// The model.
        path: PathBuf,
    },
    /// A value that could not be written as JSON.
    #[error("the report cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    /// The configuration of a model that is no Llama.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A model file that could not be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A model that cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl ModelFileError {
    /// Whether the same run may succeed when it is repeated.
    pub(crate) fn may_pass(&self) -> bool {
        let is_in_the_way = matches!(
            self,
            Self::Data(
                DataError::OutputExists { .. }
                    | DataError::Output(OutputError::Exists { .. } | OutputError::NotReplaceable { .. })
            )
        );
        is_in_the_way || is_of_system(self)
    }
}

/// Whether the system refused something, such as space on a full disk.
pub(crate) fn is_of_system(error: &(dyn StdError + 'static)) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<io::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Makes `?` turn errors of files into the variant `File` of a job's error.
macro_rules! from_files {
    ($error:ident) => {
        $crate::run::error::from_files!($error: secateurs_data::DataError);
        $crate::run::error::from_files!($error: secateurs_data::llama::ConfigError);
        $crate::run::error::from_files!($error: secateurs_models::ModelError);

        impl $error {
            /// The error of a file, if it is one.
            pub(crate) fn file(&self) -> Option<&$crate::run::error::ModelFileError> {
                match self {
                    Self::File(error) => Some(error),
                    _ => None,
                }
            }
        }
    };
    ($error:ident: $source:ty) => {
        impl From<$source> for $error {
            fn from(error: $source) -> Self {
                Self::File(error.into())
            }
        }
    };
}
pub(crate) use from_files;
