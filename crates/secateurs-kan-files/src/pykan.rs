//! Networks that pykan saved.

mod base;
mod config;
mod layers;
mod numbers;
mod python;
mod yaml;

use std::path::{Path, PathBuf};

use burn::tensor::Device;
use secateurs_data::{DataError, read_text, read_torch_state};
use secateurs_kan::{Kan, KanState, STATE_VERSION, StateConfig};

use crate::KanFileError;

/// Reads the network that pykan's `saveckpt(prefix)` wrote, from `{prefix}_config.yml` and `{prefix}_state`.
///
/// An edge of pykan is `mask (scale_base silu(x) + scale_sp sum_m c_m B_m(x))`. Its coefficients become `mask scale_sp
/// c_m` and its weight of SiLU `mask scale_base`, in the precision of the file; edges with mask 0 are pruned. Edges with
/// formulas become curves of the same function. Knots and the affine maps of subnodes and nodes stay as they are. Beyond
/// the grid splines taper, as pykan's do.
///
/// Files are read after every operation of pykan: training, refining and updating grids, pruning of inputs, nodes and edges, formulas
/// on some or all edges, perturbing, swapping, expanding width and depth, modules, speed mode and copies. In detail:
///
/// - The base function may be `silu` or `zero`, by name or as the Python object that `prune_input` writes.
/// - pykan does not save which inputs `prune_input` left: the network has the inputs of the file, in their order.
/// - Products of one layer may have different numbers of factors; the shorter ones get factors of 1, subnodes without edges whose bias is 1.
/// - Formulas `0`, which `expand_width` puts on all new edges, are added to the bias of their subnode.
/// - A layer of `expand_depth`, whose affine maps pykan does not save, has none.
/// - Degrees may differ between layers, and sizes may be NumPy's numbers.
///
/// # Errors
///
/// If a file cannot be read. The error gives name and place of refused parts: edges with a spline and a formula that
/// are both not 0 (modes `ns` and `sn`, and `perturb` with mode `all`), functions of one's own (`anonymous`), products
/// of one factor, and base functions other than SiLU and zero, `identity` among them, also SiLU with `inplace=True` and
/// with hooks. Also if a tensor is missing, of a wrong shape or not finite, or if knots do not ascend, as pykan leaves
/// them for columns with repeated values.
///
/// # References
///
/// The files of pykan 0.2, `MultKAN.saveckpt`.
pub fn load(prefix: &Path, device: &Device) -> Result<Kan, KanFileError> {
    let (config, state) = (beside(prefix, "_config.yml"), beside(prefix, "_state"));
    let config = config::Config::parse(&read_text(&config)?, &config)?;
    let tensors = numbers::Tensors::new(read_torch_state(&state)?, &state);
    let mut named = Vec::new();
    let mut layers = Vec::new();
    for number in 0..config.widths.len() - 1 {
        layers.push(tensors.layer(&config, number, &mut named)?);
    }
    let config = StateConfig {
        version: STATE_VERSION,
        widths: config.widths,
        layers,
        open: Vec::new(),
    };
    let kan = Kan::from_state(KanState { config, tensors: named }, device);
    kan.map_err(|source| KanFileError::Kan {
        path: state,
        source: Box::new(source),
    })
}

/// The file whose name is the name of `prefix` followed by `more`.
fn beside(prefix: &Path, more: &str) -> PathBuf {
    let mut name = prefix.as_os_str().to_owned();
    name.push(more);
    name.into()
}

fn unsupported(path: &Path, feature: String) -> KanFileError {
    DataError::Unsupported {
        path: path.to_owned(),
        feature,
    }
    .into()
}
