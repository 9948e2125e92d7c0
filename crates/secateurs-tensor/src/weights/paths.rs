//! Rules that choose the pruned parameters by path.

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use crate::error::{Result, TensorError};

/// Globs over dotted parameter paths such as `layers.0.mlp.up_proj.weight`; `*` also matches dots.
///
/// A path is selected if it matches any `include` and no `exclude`. The default includes everything but what pruning
/// leaves alone: embeddings (`*embed*`), norms (`*norm*`), the output head (`*lm_head*`), the gates that route tokens to
/// experts (`*moe.gate.*`) and biases (`*bias`). In serde a missing list is its default, and a bad glob is an error.
///
/// # Examples
///
/// ```
/// use secateurs_tensor::PathRules;
///
/// let rules = PathRules::default();
/// assert!(rules.selects("layers.0.mlp.up_proj.weight"));
/// assert!(!rules.selects("embed_tokens.weight"));
///
/// let mlp_only = PathRules::new(["*.mlp.*"], ["layers.0.*"])?;
/// assert!(mlp_only.selects("layers.1.mlp.up_proj.weight"));
/// assert!(!mlp_only.selects("layers.0.mlp.up_proj.weight"));
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Globs", into = "Globs")]
pub struct PathRules {
    globs: Globs,
    include: GlobSet,
    exclude: GlobSet,
}

/// The rules as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Globs {
    include: Vec<String>,
    exclude: Vec<String>,
}

/// Globs of the paths that rules select by default.
const EVERYTHING: &str = "*";

/// Globs of the paths that pruning skips by default.
const NEVER_PRUNED: [&str; 5] = ["*embed*", "*norm*", "*lm_head*", "*moe.gate.*", "*bias"];

/// Paths shown beside a glob that matches none.
const N_EXAMPLES: usize = 3;

impl Default for Globs {
    fn default() -> Self {
        let owned = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect();
        Self {
            include: owned(&[EVERYTHING]),
            exclude: owned(&NEVER_PRUNED),
        }
    }
}

impl PathRules {
    /// Selects every path that matches any of `include` and none of `exclude`.
    ///
    /// # Errors
    ///
    /// [`TensorError::BadGlob`] with the first glob that cannot be read.
    pub fn new<I, E>(include: I, exclude: E) -> Result<Self>
    where
        I: IntoIterator<Item: Into<String>>,
        E: IntoIterator<Item: Into<String>>,
    {
        Globs {
            include: include.into_iter().map(Into::into).collect(),
            exclude: exclude.into_iter().map(Into::into).collect(),
        }
        .try_into()
    }

    /// Whether the parameter at `path` is to be pruned.
    pub fn selects(&self, path: &str) -> bool {
        self.include.is_match(path) && !self.exclude.is_match(path)
    }

    /// Checks that every glob has an effect in a model whose weight matrices have these paths: it must match one that
    /// could be pruned. The globs of the default need not match.
    ///
    /// # Errors
    ///
    /// [`TensorError::UnmatchedGlob`] with the first glob that matches none.
    pub fn check_globs<'a>(&self, paths: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let is_default = |glob: &String| NEVER_PRUNED.contains(&glob.as_str());
        let never: Vec<usize> = positions(&self.globs.exclude, is_default);
        let is_prunable = |path: &&str| !self.exclude.matches(path).iter().any(|glob| never.contains(glob));
        let paths: Vec<&str> = paths.into_iter().filter(is_prunable).collect();
        let lists = [
            ("include", &self.globs.include, &self.include),
            ("exclude", &self.globs.exclude, &self.exclude),
        ];
        for (list, globs, set) in lists {
            let may_be_idle = |glob: &String| list == "exclude" && is_default(glob);
            let mut is_idle = vec![true; globs.len()];
            let matched = paths.iter().flat_map(|path| set.matches(path));
            matched.for_each(|glob| is_idle[glob] = false);
            let idle = globs
                .iter()
                .zip(is_idle)
                .find(|(glob, is_idle)| *is_idle && !may_be_idle(glob));
            if let Some((glob, _)) = idle.filter(|(glob, _)| *glob != EVERYTHING) {
                return Err(TensorError::UnmatchedGlob {
                    list,
                    glob: glob.clone(),
                    examples: examples(&paths),
                });
            }
        }
        Ok(())
    }

    /// The globs of `include`; a selected path matches at least one.
    pub fn include(&self) -> &[String] {
        &self.globs.include
    }

    /// The globs of `exclude`; a selected path matches none.
    pub fn exclude(&self) -> &[String] {
        &self.globs.exclude
    }
}

impl Default for PathRules {
    fn default() -> Self {
        Globs::default().try_into().expect("the default globs are valid")
    }
}

impl PartialEq for PathRules {
    fn eq(&self, other: &Self) -> bool {
        self.globs == other.globs
    }
}

impl Eq for PathRules {}

impl TryFrom<Globs> for PathRules {
    type Error = TensorError;

    fn try_from(globs: Globs) -> Result<Self> {
        let include = compile(&globs.include)?;
        let exclude = compile(&globs.exclude)?;
        Ok(Self {
            globs,
            include,
            exclude,
        })
    }
}

impl From<PathRules> for Globs {
    fn from(rules: PathRules) -> Self {
        rules.globs
    }
}

fn compile(globs: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(Glob::new(glob).map_err(|source| TensorError::BadGlob {
            glob: glob.clone(),
            source,
        })?);
    }
    let all = || globs.join(", ");
    set.build()
        .map_err(|source| TensorError::BadGlob { glob: all(), source })
}

fn positions(globs: &[String], holds: impl Fn(&String) -> bool) -> Vec<usize> {
    let found = globs.iter().enumerate().filter(|(_, glob)| holds(glob));
    found.map(|(position, _)| position).collect()
}

/// A few paths, spread over all.
fn examples(paths: &[&str]) -> String {
    let step = paths.len().div_ceil(N_EXAMPLES).max(1);
    let shown: Vec<&str> = paths.iter().step_by(step).copied().collect();
    shown.join(", ")
}
