//! The few settings of pykan's YAML file that give the tensors their meaning.

use std::path::Path;

use secateurs_data::DataError;
use secateurs_kan::{Affine, Width};

use super::base::Base;
use super::python::{flag, whole_number};
use super::unsupported;
use super::yaml::{self, Node, Value};
use crate::KanFileError;

/// Largest number of nodes or factors in a network of pykan's.
const LARGEST: usize = 1 << 16;

/// The settings that the tensors need.
pub(super) struct Config {
    pub(super) widths: Vec<Width>,
    /// The numbers of factors of the products of each width.
    pub(super) factors: Vec<Vec<usize>>,
    /// The degree of each layer.
    pub(super) degrees: Vec<usize>,
    pub(super) base: Base,
    pub(super) affine: Affine,
    /// Whether edges with formulas are added.
    pub(super) has_symbolic: bool,
    /// Names of the functions on the edges of each layer, `[n_subnodes][d_input]`; empty where the file does not say.
    pub(super) functions: Vec<Vec<Vec<String>>>,
}

impl Config {
    /// Reads the block style that pykan writes; keys that are not needed may be anything.
    pub(super) fn parse(text: &str, path: &Path) -> Result<Self, KanFileError> {
        let settings =
            yaml::parse(text).ok_or_else(|| malformed(path, "the file is no mapping in YAML's block style"))?;
        let settings = Settings {
            settings: &settings,
            path,
        };
        let sizes: Vec<[usize; 2]> = settings.read("width", |width| {
            width.items()?.iter().map(|width| size(width)).collect()
        })?;
        if sizes.len() < 2 {
            return Err(settings.bad("width"));
        }
        let factors = factors(&settings, &sizes)?;
        let widths = sizes.iter().zip(&factors).map(|([sums, products], factors)| Width {
            sums: *sums,
            products: *products,
            arity: factors.iter().copied().max().unwrap_or(2),
        });
        let n_layers = sizes.len() - 1;
        let degrees = settings.read("k", |k| match k.items() {
            Some(of_layers) => of_layers.iter().map(|k| whole_number(k)).collect(),
            None => Some(vec![whole_number(k)?; n_layers]),
        })?;
        if degrees.len() < n_layers {
            return Err(settings.bad("k"));
        }
        let functions = (0..n_layers).map(|layer| settings.settings.get(&format!("symbolic.funs_name.{layer}")));
        let is_trained = settings.read("affine_trainable", flag)?;
        Ok(Self {
            widths: widths.collect(),
            degrees,
            base: Base::read(settings.read("base_fun_name", Some)?, path)?,
            affine: if is_trained { Affine::Trained } else { Affine::Fixed },
            has_symbolic: settings.read("symbolic_enabled", flag)?,
            functions: functions
                .map(|names| names.and_then(rows).unwrap_or_default())
                .collect(),
            factors,
        })
    }

    /// Subnodes of a width in the file.
    pub(super) fn n_subnodes(&self, number: usize) -> usize {
        self.widths[number].sums + self.factors[number].iter().sum::<usize>()
    }

    /// Places of the file's subnodes among the subnodes of a width whose products have as many factors each.
    pub(super) fn places(&self, number: usize) -> Vec<usize> {
        let Width { sums, arity, .. } = self.widths[number];
        let of_products = self.factors[number].iter().enumerate();
        let of_products =
            of_products.flat_map(|(product, n)| (0..*n).map(move |factor| sums + product * arity + factor));
        (0..sums).chain(of_products).collect()
    }
}

struct Settings<'a> {
    settings: &'a Node,
    path: &'a Path,
}

impl Settings<'_> {
    fn read<'a, T>(&'a self, key: &str, read: impl FnOnce(&'a Node) -> Option<T>) -> Result<T, KanFileError> {
        self.settings.get(key).and_then(read).ok_or_else(|| self.bad(key))
    }

    fn bad(&self, key: &str) -> KanFileError {
        malformed(self.path, &format!("{key} is missing, or not what pykan writes"))
    }
}

fn malformed(path: &Path, problem: &str) -> KanFileError {
    DataError::Malformed {
        path: path.to_owned(),
        format: "pykan configuration",
        problem: problem.to_owned(),
    }
    .into()
}

/// A pair of sums and products, or sums only.
fn size(width: &Node) -> Option<[usize; 2]> {
    match width.items() {
        None => Some([count(width)?, 0]),
        Some([sums]) => Some([count(sums)?, 0]),
        Some([sums, products]) => Some([count(sums)?, count(products)?]),
        Some(_) => None,
    }
}

fn count(node: &Node) -> Option<usize> {
    whole_number(node).filter(|n| *n <= LARGEST)
}

/// The numbers of factors of all products: one for the whole network, or one for each product.
fn factors(settings: &Settings, sizes: &[[usize; 2]]) -> Result<Vec<Vec<usize>>, KanFileError> {
    let factors = settings.read("mult_arity", |arity| match &arity.value {
        Value::List(of_widths) => {
            let of_width = |(number, [_, products]): (usize, &[usize; 2])| match of_widths.get(number) {
                _ if *products == 0 => Some(Vec::new()),
                Some(arities) => arities.items()?.iter().map(|arity| count(arity)).collect(),
                None => None,
            };
            sizes
                .iter()
                .enumerate()
                .map(of_width)
                .collect::<Option<Vec<Vec<usize>>>>()
        }
        _ => {
            let arity = count(arity)?;
            Some(sizes.iter().map(|[_, products]| vec![arity; *products]).collect())
        }
    })?;
    let fits = factors
        .iter()
        .zip(sizes)
        .all(|(factors, [_, products])| factors.len() == *products);
    if !fits {
        return Err(settings.bad("mult_arity"));
    }
    if factors.iter().flatten().any(|n| *n < 2) {
        return Err(unsupported(
            settings.path,
            "a product of fewer than two factors".to_owned(),
        ));
    }
    Ok(factors)
}

fn rows(names: &Node) -> Option<Vec<Vec<String>>> {
    let row = |row: &Node| row.items()?.iter().map(|name| Some(name.text()?.to_owned())).collect();
    names.items()?.iter().map(|names| row(names)).collect()
}
