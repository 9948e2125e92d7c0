//! The data sets that causal learners are compared on: IHDP, settings A and B, and three settings of the ACIC 2016 challenge.
//!
//! Each holds 100 tasks, whose covariates are real and whose treatments and outcomes were generated, so that true effects are
//! known.

mod acic;
mod error;
mod ihdp;
mod npy;

use std::path::{Path, PathBuf};

use secateurs_causal::Study;

pub use error::CausalDataError;

/// Number of tasks of each data set.
pub const TASKS: usize = 100;

/// One of the data sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CausalDataset {
    /// IHDP with linear outcomes and one effect for all (`npci` setting A).
    IhdpA,
    /// IHDP with exponential outcomes without treatment and linear ones with it (setting B).
    IhdpB,
    /// ACIC 2016, setting 2.
    Acic2,
    /// ACIC 2016, setting 7.
    Acic7,
    /// ACIC 2016, setting 26.
    Acic26,
}

impl CausalDataset {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::IhdpA, Self::IhdpB, Self::Acic2, Self::Acic7, Self::Acic26];

    /// Its name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::IhdpA => "ihdp-a",
            Self::IhdpB => "ihdp-b",
            Self::Acic2 => "acic-2",
            Self::Acic7 => "acic-7",
            Self::Acic26 => "acic-26",
        }
    }

    /// Reads all tasks from a folder that holds `ihdp/` and `acic2016/`.
    ///
    /// `ihdp/ihdp_{a,b}.tar.gz` hold `ihdp_npci_{train,test}_{1..100}.csv`. `acic2016/` holds the covariates `x.csv`, the numbers
    /// of the test units in `test_idx_seed42.txt`, and, for each setting, `acic_{2,7,26}_z_y0_y1_mu0_mu1.f32.npy`.
    ///
    /// # Errors
    ///
    /// If a file is missing or not as it should be.
    pub fn read(self, folder: &Path) -> Result<CausalTasks, CausalDataError> {
        let source = match self {
            Self::IhdpA => Source::Ihdp(ihdp::read(&folder.join("ihdp/ihdp_a.tar.gz"))?),
            Self::IhdpB => Source::Ihdp(ihdp::read(&folder.join("ihdp/ihdp_b.tar.gz"))?),
            Self::Acic2 => Source::Acic(acic::Acic::read(&folder.join("acic2016"), 2)?),
            Self::Acic7 => Source::Acic(acic::Acic::read(&folder.join("acic2016"), 7)?),
            Self::Acic26 => Source::Acic(acic::Acic::read(&folder.join("acic2016"), 26)?),
        };
        Ok(CausalTasks { source })
    }
}

/// The first folder of `$SECATEURS_DATA`, a list like `$PATH`, that holds `ihdp` and `acic2016`.
///
/// # Errors
///
/// If there is none.
pub fn data_folder() -> Result<PathBuf, CausalDataError> {
    let folders = std::env::var_os("SECATEURS_DATA").unwrap_or_default();
    std::env::split_paths(&folders)
        .find(|folder| folder.join("ihdp").is_dir() && folder.join("acic2016").is_dir())
        .ok_or_else(|| CausalDataError::NoFolder {
            searched: folders.to_string_lossy().into_owned(),
        })
}

/// Rows to learn from, and rows to evaluate on; both with their true outcomes.
#[derive(Debug, Clone)]
pub struct CausalTask {
    /// 673 rows of IHDP-A, 523 of IHDP-B, 1000 of ACIC.
    pub train: Study,
    /// 74 rows of IHDP-A, 224 of IHDP-B, 960 of ACIC.
    pub test: Study,
}

/// All tasks of a data set.
#[derive(Debug)]
pub struct CausalTasks {
    source: Source,
}

#[derive(Debug)]
enum Source {
    Ihdp(Vec<CausalTask>),
    Acic(acic::Acic),
}

impl CausalTasks {
    /// The task of a number from 1 to 100: that in the name of the file for IHDP, in the order of the names for ACIC.
    ///
    /// # Errors
    ///
    /// If there is no such task, or its rows are no study.
    pub fn task(&self, number: usize) -> Result<CausalTask, CausalDataError> {
        if !(1..=TASKS).contains(&number) {
            return Err(CausalDataError::NoSuchTask { number });
        }
        match &self.source {
            Source::Ihdp(tasks) => Ok(tasks[number - 1].clone()),
            Source::Acic(acic) => acic.task(number - 1),
        }
    }
}
