//! The weight files of a staging folder: created at full size, then written in place.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fs4::FileExt;

use super::layout::{Layout, Place};
use crate::error::{IoContext, malformed};
use crate::{DataError, Result, write_atomic};

/// Open weight files, in shard order.
#[derive(Debug)]
pub(super) struct Storage {
    shards: Vec<OpenShard>,
    created: Created,
}

#[derive(Debug)]
struct OpenShard {
    path: PathBuf,
    file: Mutex<File>,
}

/// Files and folder that a failed `create` has to remove again.
#[derive(Debug, Default)]
struct Created {
    files: Vec<PathBuf>,
    folder: Option<PathBuf>,
}

impl Created {
    fn remove(&self) {
        // The user needs the error that led here; this one is not reported.
        for file in &self.files {
            let _ = std::fs::remove_file(file);
        }
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

impl Storage {
    /// Creates all files of `layout` with their headers and reserves their space; on failure removes them again.
    pub(super) fn create(staging: &Path, layout: &Layout) -> Result<Self> {
        let mut created = Created::default();
        match create_files(staging, layout, &mut created) {
            Ok(shards) => Ok(Self { shards, created }),
            Err(error) => {
                created.remove();
                Err(error)
            }
        }
    }

    /// Removes the files of [`create`](Self::create).
    pub(super) fn discard(self) {
        drop(self.shards);
        self.created.remove();
    }

    /// Opens the files of `layout`, which must have the planned size and header.
    pub(super) fn open(staging: &Path, layout: &Layout) -> Result<Self> {
        let mut shards = Vec::new();
        for shard in &layout.shards {
            let path = staging.join(&shard.file_name);
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .open(&path)
                .during("open", &path)?;
            let size = file.metadata().during("inspect", &path)?.len();
            let mut header = Vec::new();
            let take = shard.header.len() as u64;
            (&mut file).take(take).read_to_end(&mut header).during("read", &path)?;
            if size != shard.file_bytes || header != shard.header {
                return Err(malformed(&path, "staging", "its header or size is not the planned one"));
            }
            shards.push(OpenShard {
                path,
                file: Mutex::new(file),
            });
        }
        Ok(Self {
            shards,
            created: Created::default(),
        })
    }

    pub(super) fn write(&self, place: &Place, bytes: &[u8]) -> Result<()> {
        let shard = &self.shards[place.shard];
        let mut file = shard.lock();
        file.seek(SeekFrom::Start(place.offset))
            .and_then(|_| file.write_all(bytes))
            .during("write", &shard.path)
    }

    pub(super) fn read(&self, place: &Place, bytes: &mut [u8]) -> Result<()> {
        let shard = &self.shards[place.shard];
        let mut file = shard.lock();
        file.seek(SeekFrom::Start(place.offset))
            .and_then(|_| file.read_exact(bytes))
            .during("read", &shard.path)
    }

    pub(super) fn sync(&self) -> Result<()> {
        self.shards
            .iter()
            .try_for_each(|shard| shard.lock().sync_data().during("sync", &shard.path))
    }
}

impl OpenShard {
    fn lock(&self) -> MutexGuard<'_, File> {
        // Every use seeks first, so a panic while the lock was held leaves nothing behind.
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn create_files(staging: &Path, layout: &Layout, created: &mut Created) -> Result<Vec<OpenShard>> {
    match std::fs::create_dir(staging) {
        Ok(()) => created.folder = Some(staging.to_owned()),
        Err(e) if e.kind() == ErrorKind::AlreadyExists && staging.is_dir() => {}
        Err(e) => return Err(e).during("create", staging),
    }
    let needed = layout.total_bytes();
    let available = fs4::available_space(staging).during("ask for the free space of", staging)?;
    if needed > available {
        return Err(DataError::NotEnoughSpace {
            path: staging.to_owned(),
            needed,
            available,
        });
    }
    let mut shards = Vec::new();
    for shard in &layout.shards {
        let path = staging.join(&shard.file_name);
        let mut file = create_new(&path, created)?;
        reserve(&file, shard.file_bytes).during("reserve space for", &path)?;
        file.write_all(&shard.header).during("write", &path)?;
        shards.push(OpenShard {
            path,
            file: Mutex::new(file),
        });
    }
    if let Some((name, content)) = &layout.index {
        let path = staging.join(name);
        drop(create_new(&path, created)?);
        write_atomic(&path, content)?;
    }
    Ok(shards)
}

fn create_new(path: &Path, created: &mut Created) -> Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(|e| {
            if e.kind() == ErrorKind::AlreadyExists {
                DataError::OutputExists { path: path.to_owned() }
            } else {
                DataError::Io {
                    action: "create",
                    path: path.to_owned(),
                    source: e,
                }
            }
        })?;
    created.files.push(path.to_owned());
    Ok(file)
}

/// Gives the file its final size, with space reserved on the disk where the file system can promise that.
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    match FileExt::allocate(file, bytes) {
        Err(e) if e.kind() == ErrorKind::Unsupported => {}
        other => other?,
    }
    file.set_len(bytes)
}
