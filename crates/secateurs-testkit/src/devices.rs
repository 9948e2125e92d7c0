//! Devices that tests run on.

use burn::tensor::Device;

/// Every device that the enabled features offer, accelerators first.
///
/// Call [`autodiff`](Device::autodiff) on one to train on it.
pub fn devices() -> Vec<Device> {
    vec![
        #[cfg(feature = "cuda")]
        Device::cuda(0),
        #[cfg(feature = "wgpu")]
        Device::wgpu(burn::tensor::DeviceKind::DefaultDevice),
        #[cfg(feature = "ndarray")]
        Device::ndarray(),
        #[cfg(feature = "flex")]
        Device::flex(),
    ]
}

/// The device under test: the first of cuda, wgpu, ndarray and flex whose feature is enabled.
///
/// # Panics
///
/// If no backend feature is enabled.
pub fn device() -> Device {
    devices()
        .into_iter()
        .next()
        .expect("enable one of the features flex, ndarray, wgpu, cuda")
}
