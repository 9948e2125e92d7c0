//! Extent and place of a run.

use std::path::{Path, PathBuf};

use burn::tensor::Device;

use crate::ExperimentError;
use crate::outcome::Tier;

/// A backend of tensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Backend {
    /// CPU, vectorised.
    #[default]
    Flex,
    /// CPU, through the ndarray backend, as a cross-check.
    Ndarray,
    /// GPU of any make, or software Vulkan.
    Wgpu,
    /// NVIDIA GPU.
    Cuda,
}

impl Backend {
    /// The name, as on the command line and in outcomes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
        }
    }

    /// Whether it is a graphics card, or what stands for one.
    pub fn is_gpu(self) -> bool {
        matches!(self, Self::Wgpu | Self::Cuda)
    }

    /// The backend's default device.
    ///
    /// # Errors
    ///
    /// If this program was built without it.
    pub fn device(self) -> Result<Device, ExperimentError> {
        match self {
            #[cfg(feature = "flex")]
            Self::Flex => Ok(Device::flex()),
            #[cfg(feature = "ndarray")]
            Self::Ndarray => Ok(Device::ndarray()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(feature = "cuda")]
            Self::Cuda => Ok(Device::cuda(0)),
            // All backends may have been compiled in.
            #[allow(unreachable_patterns)]
            _ => Err(ExperimentError::NoBackend { device: self.name() }),
        }
    }
}

/// Extent and place of a run.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Extent of the run.
    pub tier: Tier,
    /// The backend that computes tensors.
    pub backend: Backend,
    /// The backend's device.
    pub device: Device,
    /// Whether to take what an interrupted run of the same commit has measured.
    pub resume: bool,
    /// Parts of the names of the cells to run and to report; all if there is none.
    pub only: Vec<String>,
    /// The folder of all outcomes.
    pub root: PathBuf,
}

impl Setting {
    /// The quick tier on the default backend, measured anew.
    ///
    /// # Errors
    ///
    /// If this program was built without that backend.
    pub fn quick(root: &Path) -> Result<Self, ExperimentError> {
        Ok(Self {
            tier: Tier::Quick,
            backend: Backend::default(),
            device: Backend::default().device()?,
            resume: false,
            only: Vec::new(),
            root: root.to_owned(),
        })
    }

    /// Whether the cell of that name is run, such as `elsa-90%-0`: method, pattern and what else varies.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| name.contains(part.as_str()))
    }
}
