//! The claims, a file or folder each, and what runs them.

mod causalkan;
mod elsa;
mod harness;
mod language_model;
mod layerwise;
mod moe;
mod rac;
mod shapkan;
mod sparse;

use crate::ExperimentError;

pub use harness::{About, Backend, Claim, Desk, Measured, ModelPlace, Order, Reproduction, Setting, reproduce};

/// A claim of the list: what it is known by, and how it is run.
#[derive(Clone, Copy)]
pub struct ListedClaim {
    /// Name, title and origin.
    pub about: &'static About,
    run: fn(&Setting) -> Result<Reproduction, ExperimentError>,
}

impl ListedClaim {
    const fn of<C: Claim>() -> Self {
        Self {
            about: C::ABOUT,
            run: reproduce::<C>,
        }
    }

    /// Runs it.
    ///
    /// # Errors
    ///
    /// If data are missing, a run fails, or what is kept cannot be read or written.
    pub fn run(&self, setting: &Setting) -> Result<Reproduction, ExperimentError> {
        (self.run)(setting)
    }
}

/// All claims in order of importance.
pub const CLAIMS: &[ListedClaim] = &[
    ListedClaim::of::<layerwise::Layerwise>(),
    ListedClaim::of::<elsa::Elsa>(),
    ListedClaim::of::<sparse::Sparse>(),
    ListedClaim::of::<rac::Rac>(),
    ListedClaim::of::<shapkan::Shapkan>(),
    ListedClaim::of::<causalkan::Causalkan>(),
    ListedClaim::of::<moe::Moe>(),
];

/// The claim of that name.
///
/// # Errors
///
/// If there is none.
pub fn find(name: &str) -> Result<&'static ListedClaim, ExperimentError> {
    CLAIMS
        .iter()
        .find(|claim| claim.about.name == name)
        .ok_or_else(|| ExperimentError::UnknownClaim {
            name: name.to_owned(),
            known: CLAIMS
                .iter()
                .map(|claim| claim.about.name)
                .collect::<Vec<_>>()
                .join(", "),
        })
}

/// Keys along which the tables of a claim are laid out; `sparsity` for a claim that there is no more.
pub fn axes_of(name: &str) -> &'static [&'static str] {
    find(name).map_or(&["sparsity"], |claim| claim.about.axes)
}
