//! Backends as features.

use clap::ValueEnum;

/// A backend of the leaves: experiments, testkit, command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Device {
    /// The default CPU backend.
    #[default]
    Flex,
    /// An independent CPU backend.
    Ndarray,
    /// Any GPU, or software Vulkan.
    Wgpu,
    /// NVIDIA GPUs.
    Cuda,
}

impl Device {
    /// The name, which is also the feature's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
        }
    }
}
