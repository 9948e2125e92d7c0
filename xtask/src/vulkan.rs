//! Vulkan in software: tests the GPU path without a GPU.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::error::TaskError;
use crate::process;
use crate::workspace;

const PACKAGES: [&str; 2] = ["libvulkan1", "mesa-vulkan-drivers"];

/// Makes sure that a Vulkan driver is installed, and returns the environment that it needs.
pub fn prepare() -> Result<Vec<(&'static str, PathBuf)>, TaskError> {
    if !has_driver() {
        install()?;
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

fn install() -> Result<(), TaskError> {
    let packages = PACKAGES.join(" ");
    let is_root = process::capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let has_apt = process::succeeds(Command::new("apt-get").arg("--version"));
    if !is_root || !has_apt {
        let remedy = format!("install a Vulkan driver, on Debian and Ubuntu: apt-get install {packages}");
        return Err(TaskError::Missing {
            what: "a Vulkan driver",
            remedy,
        });
    }
    eprintln!("installing {packages}");
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
        command
    };
    process::run(apt().arg("update"))?;
    process::run(
        apt()
            .args(["install", "--yes", "--no-install-recommends"])
            .args(PACKAGES),
    )
}

/// Creates a folder that only its owner can read, as drivers require of a runtime folder.
fn private_folder(folder: &PathBuf) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}
