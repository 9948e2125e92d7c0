//! Reads the weights of a burn module by path.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Tensor};

use crate::masks::attach::KeepReparam;
use crate::masks::keep::KeepMask;
use crate::weights::matrix::WeightMatrix;
use crate::weights::paths::PathRules;

/// Container type that burn reports for state attached to a parameter.
pub(crate) const REPARAMETERIZATION: &str = "Reparameterization";

/// Dotted paths of the rank-2 float parameters that `rules` select, in the module's order.
///
/// Parameters are taken for linear weights, `[d_input, d_output]`; embeddings have rank 2 as well and are left out
/// by the default rules, by name. Nothing is initialised.
pub fn linear_paths(module: &impl Module, rules: &PathRules) -> Vec<String> {
    let mut visitor = PathVisitor {
        rules,
        place: Place::default(),
        paths: Vec::new(),
    };
    module.visit(&mut visitor);
    visitor.paths
}

/// The selected weights with their paths, as a forward pass would use them: attached masks are applied.
///
/// Other attachments (LoRA) are not: fold them first.
///
/// # Panics
///
/// If the device cannot be read, as burn does.
pub fn read_weights(module: &impl Module, rules: &PathRules) -> Vec<(String, WeightMatrix)> {
    let mut visitor = WeightVisitor {
        rules,
        place: Place::default(),
        weights: Vec::new(),
    };
    module.visit(&mut visitor);
    visitor.weights
}

/// Where a traversal is.
#[derive(Debug, Default)]
pub(crate) struct Place {
    components: Vec<String>,
    /// Depth at which attached state begins.
    attached_at: Option<usize>,
}

impl Place {
    pub(crate) fn enter(&mut self, name: &str, container_type: &str) {
        if container_type == REPARAMETERIZATION && self.attached_at.is_none() {
            self.attached_at = Some(self.components.len());
        }
        self.components.push(name.to_owned());
    }

    pub(crate) fn exit(&mut self) {
        self.components.pop();
        if self.attached_at == Some(self.components.len()) {
            self.attached_at = None;
        }
    }

    pub(crate) fn path(&self) -> String {
        self.components.join(".")
    }

    /// Whether the traversal is inside state attached to a parameter.
    pub(crate) fn is_attached(&self) -> bool {
        self.attached_at.is_some()
    }

    /// The parameter that carries the attached state, with the state's name.
    pub(crate) fn attachment(&self) -> Option<(String, &str)> {
        let depth = self.attached_at?;
        Some((self.components[..depth].join("."), &self.components[depth]))
    }
}

struct PathVisitor<'a> {
    rules: &'a PathRules,
    place: Place,
    paths: Vec<String>,
}

impl ModuleVisitor for PathVisitor<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.exit();
    }

    fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
        let path = self.place.path();
        if D == 2 && !self.place.is_attached() && self.rules.selects(&path) {
            self.paths.push(path);
        }
    }
}

struct WeightVisitor<'a> {
    rules: &'a PathRules,
    place: Place,
    weights: Vec<(String, WeightMatrix)>,
}

impl ModuleVisitor for WeightVisitor<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.place.path();
        if D != 2 || self.place.is_attached() || !self.rules.selects(&path) {
            return;
        }
        let value = param.val();
        let [d_input, d_output] = [value.dims()[0], value.dims()[1]];
        let weight: Tensor<2> = value.reshape([d_input, d_output]);
        self.weights.push((path, WeightMatrix::from_linear(&weight)));
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        let Some((path, name)) = self.place.attachment() else {
            return;
        };
        if name != <KeepReparam as burn::module::Reparameterization>::NAME {
            return;
        }
        if let Some((last, weight)) = self.weights.last_mut()
            && *last == path
        {
            let keep = read_bool(&param.val());
            let keep = crate::weights::transpose::transpose(&keep, [weight.d_input(), weight.d_output()]);
            let mask = KeepMask::new(keep, weight.dims()).expect("an attached mask has its weight's dimensions");
            mask.apply(weight)
                .expect("an attached mask has its weight's dimensions");
        }
    }
}

fn read_bool<const D: usize>(mask: &Tensor<D, Bool>) -> Vec<bool> {
    mask.clone()
        .try_into_vec_as::<bool>()
        .unwrap_or_else(|error| panic!("a mask can be read from its device: {error}"))
}
