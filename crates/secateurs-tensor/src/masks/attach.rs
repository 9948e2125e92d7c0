//! Masks that survive fine-tuning, attached to a module without editing it.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param, Reparameterization, Reparameterizer};
use burn::tensor::{Bool, Tensor};

use crate::error::{Result, TensorError};
use crate::masks::keep::KeepMask;
use crate::weights::layout::WeightLayout;
use crate::weights::place::Place;

/// Masks by parameter path.
pub type MaskSet = BTreeMap<String, KeepMask>;

/// A mask attached to a parameter: the effective weight equals the stored weight where the mask keeps it, and +0.0
/// elsewhere.
///
/// The gradient of pruned weights is exactly 0. The stored weights are untouched, so momentum or weight decay may
/// move a pruned one without any effect. The mask is boolean, so the number of parameters does not change.
#[derive(Debug, Module)]
pub struct KeepReparam {
    /// The mask in burn's layout: `[d_input, d_output]` for a linear weight, `[d_output, d_input]` for a convolution.
    keep: Param<Tensor<2, Bool>>,
}

impl Reparameterization for KeepReparam {
    const NAME: &'static str = "keep_mask";

    fn apply<const D: usize>(&self, base: Tensor<D>) -> Tensor<D> {
        let pruned = self.keep.val().bool_not().reshape(base.shape());
        base.mask_fill(pruned, 0.0)
    }
}

/// Attaches masks to the parameters that they name: linear weights (rank 2) and 2-d convolutions (rank 4).
///
/// The model computes with masked weights from then on, can be trained as before, and its records carry the masks.
/// [`fold_masks`] makes the zeros permanent.
///
/// # Errors
///
/// [`TensorError::UnknownParameter`], [`TensorError::UnsupportedRank`] or [`TensorError::ParameterMismatch`] for a
/// mask that fits no parameter, [`TensorError::AlreadyReparameterized`] if a named parameter carries a mask or an
/// adapter already: burn would silently keep the old one.
///
/// # Examples
///
/// ```
/// use burn::nn::LinearConfig;
/// use secateurs_tensor::{KeepMask, MaskSet, PathRules, attach_masks, fold_masks, read_weights};
///
/// let linear = LinearConfig::new(2, 1).init(&secateurs_testkit::device());
/// let masks = MaskSet::from([("weight".to_owned(), KeepMask::new(vec![true, false], [1, 2])?)]);
/// let pruned = fold_masks(attach_masks(linear, &masks)?);
/// let (path, weight) = &read_weights(&pruned, &PathRules::default())[0];
/// assert_eq!(path, "weight");
/// assert_eq!(weight.output(0)[1].to_bits(), 0);
/// # Ok::<(), secateurs_tensor::TensorError>(())
/// ```
pub fn attach_masks<M: Module>(module: M, masks: &MaskSet) -> Result<M> {
    let _span = tracing::debug_span!("attach_masks", n_masks = masks.len()).entered();
    let mut targets = Targets {
        masks,
        place: Place::default(),
        found: BTreeMap::new(),
    };
    module.visit(&mut targets);
    for (path, mask) in masks {
        targets.check(path, mask)?;
    }
    Ok(module.apply_reparameterization(Attach { masks }))
}

/// Makes attached masks permanent: pruned weights become +0.0 in the stored parameters and the masks are removed.
///
/// Folds every other reparameterisation of the module as well, as burn does.
pub fn fold_masks<M: Module>(module: M) -> M {
    module.materialize()
}

/// The parameters of a module that masks name.
struct Targets<'a> {
    masks: &'a MaskSet,
    place: Place,
    found: BTreeMap<String, Target>,
}

struct Target {
    shape: Vec<usize>,
    is_attached: bool,
}

impl Targets<'_> {
    fn check(&self, path: &str, mask: &KeepMask) -> Result<()> {
        let path = || path.to_owned();
        let target = self
            .found
            .get(&path())
            .ok_or_else(|| TensorError::UnknownParameter { path: path() })?;
        let rank = target.shape.len();
        let layout =
            WeightLayout::of(&target.shape).ok_or_else(|| TensorError::UnsupportedRank { path: path(), rank })?;
        let expected = layout.dims();
        if expected != mask.dims() {
            return Err(TensorError::ParameterMismatch {
                path: path(),
                expected,
                got: mask.dims(),
            });
        }
        if target.is_attached {
            return Err(TensorError::AlreadyReparameterized { path: path() });
        }
        Ok(())
    }
}

impl ModuleVisitor for Targets<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.enter(name, container_type);
        if let Some((path, _)) = self.place.attachment()
            && let Some(target) = self.found.get_mut(&path)
        {
            target.is_attached = true;
        }
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.place.path();
        if self.place.is_attached() || !self.masks.contains_key(&path) {
            return;
        }
        // Not the lazy shape: a column-major linear layer transposes when it is initialised.
        let shape = param.val().dims().to_vec();
        self.found.insert(
            path,
            Target {
                shape,
                is_attached: false,
            },
        );
    }
}

struct Attach<'a> {
    masks: &'a MaskSet,
}

impl Reparameterizer for Attach<'_> {
    type Reparam = KeepReparam;

    fn reparameterize<const D: usize>(
        &mut self,
        path: &str,
        param: Param<Tensor<D>>,
    ) -> (Param<Tensor<D>>, Option<KeepReparam>) {
        let reparam = self.masks.get(path).map(|mask| {
            let device = param.lazy_device();
            let keep = if D == 2 {
                mask.to_linear_tensor(&device)
            } else {
                mask.to_flat_tensor(&device)
            };
            KeepReparam {
                keep: Param::initialized(burn::module::ParamId::new(), keep),
            }
        });
        (param, reparam)
    }
}
