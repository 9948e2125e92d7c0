//! The choice of the instruction set at run time.

use std::fmt;
use std::str::FromStr;

use super::isa::Kernel;
use super::scalar::Scalar;

/// An instruction set that this processor has.
///
/// # Examples
///
/// ```
/// use secateurs_sparse::Level;
///
/// let best = Level::best();
/// assert!(Level::available().contains(&best));
/// assert_eq!("scalar".parse::<Level>()?, Level::scalar());
/// # Ok::<(), secateurs_sparse::UnknownLevel>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Level(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

/// A name of an instruction set that does not exist, or that this processor lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no instruction set {name:?} on this processor, which has {}", names())]
pub struct UnknownLevel {
    /// The requested name.
    pub name: String,
}

fn names() -> String {
    let names: Vec<String> = Level::available().iter().map(Level::to_string).collect();
    names.join(", ")
}

impl Level {
    /// Portable code, the slowest.
    pub fn scalar() -> Self {
        Self(Kind::Scalar)
    }

    /// The fastest instruction set of this processor.
    pub fn best() -> Self {
        *Self::available().last().expect("portable code runs everywhere")
    }

    /// All instruction sets of this processor, from the slowest to the fastest.
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut levels = vec![Self(Kind::Scalar)];
        #[cfg(target_arch = "x86_64")]
        {
            if has_avx2() {
                levels.push(Self(Kind::Avx2));
                if has_avx512() {
                    levels.push(Self(Kind::Avx512));
                }
            }
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            levels.push(Self(Kind::Neon));
        }
        levels
    }

    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            // Safety: portable code needs no instruction set.
            Kind::Scalar => unsafe { kernel.run::<Scalar>() },
            // Safety: a `Level` of this kind exists only after `has_avx2`.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => unsafe { super::avx2::run(kernel) },
            // Safety: a `Level` of this kind exists only after `has_avx2` and `has_avx512`.
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => unsafe { super::avx512::run(kernel) },
            // Safety: a `Level` of this kind exists only after `is_aarch64_feature_detected!`.
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => unsafe { super::neon::run(kernel) },
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => "avx512",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon => "neon",
        })
    }
}

/// Parses the output of `Display`.
impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(name: &str) -> Result<Self, UnknownLevel> {
        let mut levels = Self::available().into_iter();
        levels
            .find(|level| level.to_string() == name)
            .ok_or_else(|| UnknownLevel { name: name.to_owned() })
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt")
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi2")
}
