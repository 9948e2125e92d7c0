//! Masks from scores.

use rayon::prelude::*;

use crate::error::Result;
use crate::masks::keep::KeepMask;
use crate::select::cut::Cut;
use crate::select::groups::mark_groups;
use crate::select::scores::Scores;
use crate::select::threshold::{keep_few, keep_largest, keep_largest_into};
use crate::vocabulary::pattern::Pattern;
use crate::vocabulary::scope::Scope;
use crate::vocabulary::sparsity::Sparsity;

/// Selects the weights that survive: prunes exactly the requested number, those of the lowest scores.
///
/// [`Scope::PerOutput`] prunes `floor(d_input * s)` inputs of every output, [`Scope::PerLayer`] `floor(n * s)` of all
/// `n`; [`Scope::Global`] of one matrix is the same. N:M patterns keep exactly `keep` of every group, whatever the
/// scope. Among equal scores the lower index is pruned first.
///
/// # Errors
///
/// [`TensorError::IndivisibleGroup`](crate::TensorError::IndivisibleGroup) if N:M groups do not tile the inputs.
///
/// # Examples
///
/// ```
/// use secateurs_tensor::{Pattern, Scope, Scores, select};
///
/// let scores = Scores::new(vec![4.0, 1.0, 3.0, 2.0, 8.0, 7.0, 5.0, 6.0], [2, 4])?;
/// let half: Pattern = "50%".parse()?;
/// assert_eq!(select(&scores, half, Scope::PerLayer)?.output(0), [false, false, false, false]);
/// assert_eq!(select(&scores, half, Scope::PerOutput)?.output(0), [true, false, true, false]);
/// assert_eq!(select(&scores, "1:2".parse()?, Scope::PerLayer)?.output(0), [true, false, true, false]);
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
pub fn select(scores: &Scores, pattern: Pattern, scope: Scope) -> Result<KeepMask> {
    let _span = tracing::debug_span!("select", %pattern, %scope, dims = ?scores.dims()).entered();
    let keep = match (pattern, scope) {
        (Pattern::Nm(pattern), _) => {
            pattern.check(scores.dims()[1])?;
            let mut keep = vec![true; scores.values().len()];
            mark_groups(scores.values(), pattern, &mut keep);
            keep
        }
        (Pattern::Unstructured(sparsity), Scope::PerOutput) => keep_per_output(scores, sparsity)?,
        (Pattern::Unstructured(sparsity), Scope::PerLayer | Scope::Global) => {
            keep_largest(scores.values(), sparsity.pruned_count(scores.values().len()))?
        }
    };
    KeepMask::new(keep, scores.dims())
}

/// Selects over several layers at once: prunes `floor(n * s)` of all their `n` weights, wherever they are.
///
/// Among equal scores the earlier layer, then the lower index is pruned first.
///
/// # Errors
///
/// None for now: [`Scores`] hold no NaN. The result leaves room for checks across layers.
///
/// # Examples
///
/// ```
/// use secateurs_tensor::{Scores, Sparsity, select_global};
///
/// let layers = [Scores::new(vec![1.0, 2.0], [1, 2])?, Scores::new(vec![3.0, 4.0], [2, 1])?];
/// let masks = select_global(&layers, Sparsity::new(0.5)?)?;
/// assert_eq!((masks[0].n_pruned(), masks[1].n_pruned()), (2, 0));
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
pub fn select_global(scores: &[Scores], sparsity: Sparsity) -> Result<Vec<KeepMask>> {
    let _span = tracing::debug_span!("select_global", %sparsity, n_layers = scores.len()).entered();
    let parts: Vec<&[f32]> = scores.iter().map(Scores::values).collect();
    let n_pruned = sparsity.pruned_count(parts.iter().map(|part| part.len()).sum());
    let mut keep: Vec<Vec<bool>> = parts.iter().map(|part| vec![true; part.len()]).collect();
    if n_pruned > 0 {
        let mut buffers: Vec<&mut [bool]> = keep.iter_mut().map(Vec::as_mut_slice).collect();
        let cut = Cut::find(&parts, n_pruned).expect("scores hold no NaN");
        cut.apply(&parts, &mut buffers);
    }
    keep.into_iter()
        .zip(scores)
        .map(|(keep, scores)| KeepMask::new(keep, scores.dims()))
        .collect()
}

/// The longest output that one thread selects on its own.
const FEW: usize = 1 << 16;

fn keep_per_output(scores: &Scores, sparsity: Sparsity) -> Result<Vec<bool>> {
    let [_, d_input] = scores.dims();
    let n_pruned = sparsity.pruned_count(d_input);
    let mut keep = vec![true; scores.values().len()];
    if n_pruned == 0 {
        return Ok(keep);
    }
    let outputs = keep
        .par_chunks_exact_mut(d_input)
        .zip(scores.values().par_chunks_exact(d_input));
    if d_input > FEW {
        outputs.try_for_each(|(keep, values)| keep_largest_into(values, n_pruned, keep))?;
    } else {
        outputs.for_each_init(Vec::new, |keys, (keep, values)| keep_few(values, n_pruned, keep, keys));
    }
    Ok(keep)
}
