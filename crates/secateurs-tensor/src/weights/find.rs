//! Finds the weights of a burn module by path.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;

use crate::weights::paths::PathRules;
use crate::weights::place::Place;

/// A weight matrix of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundWeight {
    /// Dotted path of the parameter.
    pub path: String,
    /// The parameter, as gradients know it.
    pub id: ParamId,
    /// Rank of the parameter: 2 for a linear, 4 for a 2-d convolution.
    pub rank: usize,
}

/// The weight matrices that `rules` select, in the module's order: rank-2 parameters, taken for linear weights, and rank-4
/// parameters, taken for 2-d convolutions.
///
/// Embeddings have rank 2 as well and are left out by the default rules, by name. Transposed convolutions are left out.
/// Nothing is initialised.
///
/// # Examples
///
/// ```
/// use burn::nn::conv::Conv2dConfig;
/// use secateurs_tensor::{PathRules, find_weights};
///
/// let conv = Conv2dConfig::new([3, 8], [3, 3]).init(&secateurs_testkit::device());
/// let found = find_weights(&conv, &PathRules::default());
/// assert_eq!((found[0].path.as_str(), found[0].rank), ("weight", 4));
/// ```
pub fn find_weights(module: &impl Module, rules: &PathRules) -> Vec<FoundWeight> {
    let mut finder = Finder {
        rules,
        place: Place::default(),
        found: Vec::new(),
    };
    module.visit(&mut finder);
    finder.found
}

/// Dotted paths of the weights that [`find_weights`] finds.
pub fn weight_paths(module: &impl Module, rules: &PathRules) -> Vec<String> {
    let found = find_weights(module, rules).into_iter();
    found.map(|weight| weight.path).collect()
}

struct Finder<'a> {
    rules: &'a PathRules,
    place: Place,
    found: Vec<FoundWeight>,
}

impl ModuleVisitor for Finder<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.place.path();
        if self.place.holds_weight(D) && self.rules.selects(&path) {
            let (id, rank) = (param.id, D);
            self.found.push(FoundWeight { path, id, rank });
        }
    }
}
