//! Devices that compute tensors.

use std::fmt;

use burn::tensor::Device;
use clap::{Args, ValueEnum};

/// The error of a device that is not in this build.
#[derive(Debug, thiserror::Error)]
#[error("this build has no {wanted} device, only {compiled}; build with --features {wanted}")]
pub(crate) struct NoDevice {
    wanted: DeviceName,
    /// Names of the devices that there are.
    compiled: String,
}

/// The flag that chooses a device.
#[derive(Debug, Args)]
pub(crate) struct DeviceArgs {
    /// Device to compute on, one of those built into this program [default: flex]
    #[arg(long, value_name = "DEVICE", value_enum, hide_default_value = true)]
    device: Option<DeviceName>,
}

/// The devices by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DeviceName {
    /// CPU
    Flex,
    /// CPU, through the ndarray backend
    Ndarray,
    /// Any GPU, through WebGPU
    Wgpu,
    /// NVIDIA GPU
    Cuda,
}

impl DeviceName {
    const ALL: [Self; 4] = [Self::Flex, Self::Ndarray, Self::Wgpu, Self::Cuda];

    /// The device, if it is compiled in.
    fn open(self) -> Option<Device> {
        match self {
            #[cfg(feature = "flex")]
            Self::Flex => Some(Device::flex()),
            #[cfg(feature = "ndarray")]
            #[allow(deprecated, reason = "kept as a second CPU backend to check against")]
            Self::Ndarray => Some(Device::ndarray()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Some(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
            #[cfg(feature = "cuda")]
            Self::Cuda => Some(Device::cuda(0)),
            #[allow(unreachable_patterns, reason = "reached where a device is not compiled in")]
            _ => None,
        }
    }

    /// The devices that are compiled in.
    fn compiled() -> impl Iterator<Item = Self> {
        let there = [
            cfg!(feature = "flex"),
            cfg!(feature = "ndarray"),
            cfg!(feature = "wgpu"),
            cfg!(feature = "cuda"),
        ];
        Self::ALL
            .into_iter()
            .zip(there)
            .filter(|(_, there)| *there)
            .map(|(name, _)| name)
    }
}

impl DeviceArgs {
    /// Whether a device is named.
    pub(crate) fn is_given(&self) -> bool {
        self.device.is_some()
    }

    /// The device asked for, or else the first that is compiled in.
    pub(crate) fn open(&self) -> Result<Device, NoDevice> {
        let wanted = self
            .device
            .or_else(|| DeviceName::compiled().next())
            .unwrap_or(DeviceName::Flex);
        wanted.open().ok_or_else(|| {
            let names: Vec<String> = DeviceName::compiled().map(|name| name.to_string()).collect();
            NoDevice {
                wanted,
                compiled: names.join(", "),
            }
        })
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flex => "flex",
            Self::Ndarray => "ndarray",
            Self::Wgpu => "wgpu",
            Self::Cuda => "cuda",
        })
    }
}
