//! Software Vulkan: how the GPU path is tested where there is no GPU.

use std::fs;
use std::path::PathBuf;

use crate::apt;
use crate::error::TaskError;
use crate::workspace;

const PACKAGES: [&str; 2] = ["libvulkan1", "mesa-vulkan-drivers"];

/// Makes sure that a Vulkan driver is installed, and returns the environment that it needs.
pub fn prepare() -> Result<Vec<(&'static str, PathBuf)>, TaskError> {
    if !has_driver() {
        apt::install(&PACKAGES, "a Vulkan driver")?;
    }
    if std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|folder| !folder.is_empty()) {
        return Ok(Vec::new());
    }
    let folder = workspace::target().join("xdg-runtime");
    private_folder(&folder).map_err(|source| TaskError::Io {
        action: "create",
        path: folder.clone(),
        source,
    })?;
    Ok(vec![("XDG_RUNTIME_DIR", folder)])
}

/// Whether the loader would find a driver: the description files lie in `vulkan/icd.d`, or a variable names them.
fn has_driver() -> bool {
    let named = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    let folders = ["/usr/share", "/usr/local/share", "/etc"].map(|folder| PathBuf::from(folder).join("vulkan/icd.d"));
    let holds_any = |folder: PathBuf| fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    named || !cfg!(target_os = "linux") || folders.into_iter().any(holds_any)
}

/// Drivers refuse a runtime folder that others can read.
fn private_folder(folder: &PathBuf) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}
