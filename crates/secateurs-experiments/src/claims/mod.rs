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

pub use harness::{
    About, Backend, Claim, ClaimProgress, Cost, Desk, Measured, ModelPlace, Order, Reproduction, Setting,
    remove_scratch, reproduce,
};

/// A claim of the list: its name, title and origin, and the function that runs it.
#[derive(Debug, Clone, Copy)]
pub struct ListedClaim {
    /// Name, title and origin.
    pub about: &'static About,
    run: fn(&Setting, &ClaimProgress) -> Result<Reproduction, ExperimentError>,
}

impl ListedClaim {
    /// A claim as a member of a list.
    pub const fn of<C: Claim>() -> Self {
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
    pub fn run(&self, setting: &Setting, progress: &ClaimProgress) -> Result<Reproduction, ExperimentError> {
        (self.run)(setting, progress)
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
    CLAIMS.iter().find(|claim| claim.about.name == name).ok_or_else(|| {
        let known = CLAIMS.iter().map(|claim| claim.about.name);
        ExperimentError::UnknownClaim {
            name: name.to_owned(),
            nearest: nearest(name, known.clone()),
            known: known.collect::<Vec<_>>().join(", "),
        }
    })
}

/// The claims of some names in the order of the names, each once; all claims if there are none.
///
/// # Errors
///
/// If a name is unknown.
pub fn choose(names: &[String]) -> Result<Vec<ListedClaim>, ExperimentError> {
    if names.is_empty() {
        return Ok(CLAIMS.to_vec());
    }
    let mut chosen: Vec<ListedClaim> = Vec::new();
    for name in names {
        let claim = find(name)?;
        if chosen.iter().all(|other| other.about.name != claim.about.name) {
            chosen.push(*claim);
        }
    }
    Ok(chosen)
}

/// Likeness of two names from which on one may be meant by the other.
const ALIKE: f64 = 0.7;

/// The known name that is most like a mistyped one.
fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let name = name.to_lowercase();
    let likeness = known.map(|known| (known, strsim::jaro_winkler(known, &name)));
    let alike = likeness.filter(|(_, likeness)| *likeness > ALIKE);
    alike.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(known, _)| known)
}

/// Keys along which the tables of a claim are laid out; `sparsity` for a claim that there is no more.
pub fn axes_of(name: &str) -> &'static [&'static str] {
    find(name).map_or(&["sparsity"], |claim| claim.about.axes)
}

/// The names of all claims in order of importance.
pub fn claim_names() -> Vec<&'static str> {
    CLAIMS.iter().map(|claim| claim.about.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_chosen_once_each_in_the_order_of_the_names() {
        let choose = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let chosen = choose(&names)?;
            Ok::<_, ExperimentError>(chosen.iter().map(|claim| claim.about.name).collect::<Vec<_>>())
        };
        assert_eq!(
            choose(&["sparse", "elsa", "sparse"]).expect("all are known"),
            ["sparse", "elsa"]
        );
        assert_eq!(choose(&[]).expect("all are known").len(), CLAIMS.len());
        let error = choose(&["shap-kan"]).expect_err("it is not known").to_string();
        assert!(error.contains("did you mean shapkan?"), "{error}");
        let error = choose(&["zzz"]).expect_err("it is not known").to_string();
        assert!(
            error.contains("layerwise, elsa") && !error.contains("did you mean"),
            "{error}"
        );
    }
}
