//! Backends as features.

use clap::ValueEnum;

/// A backend that the experiments, the testkit and the command can be built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Device {
    /// CPU, the default
    #[default]
    Flex,
    /// CPU, through the ndarray backend
    Ndarray,
    /// Any GPU through WebGPU, or software Vulkan
    Wgpu,
    /// NVIDIA GPU
    Cuda,
}

impl Device {
    /// The name of the device and of its feature.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
        }
    }
}
