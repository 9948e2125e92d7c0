//! Reads the weights of a burn module by path.

use burn::module::{Module, ModuleVisitor, Param, Reparameterization};
use burn::tensor::{Bool, Tensor};

use crate::masks::attach::KeepReparam;
use crate::masks::keep::KeepMask;
use crate::weights::layout::WeightLayout;
use crate::weights::matrix::WeightMatrix;
use crate::weights::paths::PathRules;
use crate::weights::place::Place;

/// The selected weights of linears and 2-d convolutions with their paths, as a forward pass would use them: attached masks
/// are applied. [`find_weights`](crate::find_weights) lists the same ones.
///
/// Other attachments (LoRA) are not: fold them first.
///
/// # Panics
///
/// If the device cannot be read, as burn does.
pub fn read_weights(module: &impl Module, rules: &PathRules) -> Vec<(String, WeightMatrix)> {
    let mut reader = Reader {
        rules,
        place: Place::default(),
        weights: Vec::new(),
    };
    module.visit(&mut reader);
    let weights = reader.weights.into_iter();
    weights.map(|read| (read.path, read.weight)).collect()
}

struct ReadWeight {
    path: String,
    layout: WeightLayout,
    weight: WeightMatrix,
}

struct Reader<'a> {
    rules: &'a PathRules,
    place: Place,
    weights: Vec<ReadWeight>,
}

impl ModuleVisitor for Reader<'_> {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.place.enter(name, container_type);
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.place.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.place.path();
        if self.place.holds_weight(D) && self.rules.selects(&path) {
            let value = param.val();
            let layout = WeightLayout::of(&value.dims()).expect("a place of weights holds matrices");
            let weight = WeightMatrix::from_layout(&value, layout);
            self.weights.push(ReadWeight { path, layout, weight });
        }
    }

    fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
        let Some((path, name)) = self.place.attachment() else {
            return;
        };
        if name != <KeepReparam as Reparameterization>::NAME {
            return;
        }
        if let Some(last) = self.weights.last_mut()
            && last.path == path
        {
            let keep = last.layout.to_canonical(read_bool(&param.val()));
            let mask = KeepMask::new(keep, last.weight.dims()).expect("an attached mask has its weight's dimensions");
            mask.apply(&mut last.weight)
                .expect("an attached mask has its weight's dimensions");
        }
    }
}

fn read_bool<const D: usize>(mask: &Tensor<D, Bool>) -> Vec<bool> {
    mask.clone()
        .try_into_vec_as::<bool>()
        .unwrap_or_else(|error| panic!("a mask can be read from its device: {error}"))
}
