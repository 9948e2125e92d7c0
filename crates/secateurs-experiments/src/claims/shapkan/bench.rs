//! One function with one seed: networks on shifted domains, the agreement of ranks, and errors after pruning.

use std::collections::HashMap;

use burn::tensor::{Device, FloatDType, Tensor};
use secateurs::kan::{
    BSpline, Basis, BasisConfig, FitConfig, Fold, Grid, Kan, KanConfig, Optimizer, PruneConfig, Rows, Scales, Schedule,
    fit, prune_nodes, root_mean_square_error,
};
use secateurs::tensor::UnitScores;

use super::case::{NetworkKey, ShapkanCase};
use super::cell::{Agreement, NetworkCell, Pruned, Ranked, Refit, Variant};
use super::ranks::{best, kendall, matching, top_overlap};
use super::score::{SCORES, Score};
use super::target::{Sample, Target};
use crate::ExperimentError;

/// The workbench of one function and seed, where its networks are made.
pub struct NetworkBench<'a> {
    case: &'a ShapkanCase,
    key: NetworkKey,
    device: &'a Device,
    train: Sample,
    test: Sample,
}

/// A network on the shifted domain.
#[derive(Clone, Copy)]
struct ShiftedNetwork<'a> {
    variant: Variant,
    shift: f64,
    kan: &'a Kan,
    /// Hidden node for each one of the unshifted network; empty where they are the same.
    columns: &'a [usize],
}

/// A network with few nodes in each hidden layer, and which those were.
struct NarrowNetwork {
    kan: Kan,
    kept: Vec<Vec<usize>>,
}

#[derive(Clone, Copy)]
struct PrunedErrors {
    rmse: f64,
    refitted: Option<f64>,
}

impl<'a> NetworkBench<'a> {
    pub fn new(case: &'a ShapkanCase, key: NetworkKey, device: &'a Device) -> Self {
        let NetworkKey { target, seed } = key;
        let train = target.sample(case.n_rows, 2 * seed);
        let unit = train.deviation();
        Self {
            case,
            key,
            device,
            train: train.in_units_of(unit),
            test: target.sample(case.n_rows, 2 * seed + 1).in_units_of(unit),
        }
    }

    /// Measures everything.
    pub fn measure(&self) -> Result<NetworkCell, ExperimentError> {
        let kan = self.train_shifted(0.0)?;
        let mut cell = NetworkCell {
            function: self.key.target.name.to_owned(),
            seed: self.key.seed,
            rmse: self.error(&kan, 0.0)?,
            agreements: Vec::new(),
            refits: Vec::new(),
            pruned: self.prune(&kan)?,
        };
        for &shift in self.case.shifts {
            let refit = self.train_shifted(shift)?;
            let (columns, correlations) = matching(&self.hidden(&kan, 0.0)?, &self.hidden(&refit, shift)?);
            cell.refits.push(Refit {
                shift,
                rmse: self.error(&refit, shift)?,
                correlation: correlations.iter().sum::<f64>() / correlations.len() as f64,
            });
            let fixed = ShiftedNetwork {
                variant: Variant::Fixed,
                shift,
                kan: &kan,
                columns: &[],
            };
            let refitted = ShiftedNetwork {
                variant: Variant::Refit,
                kan: &refit,
                columns: &columns,
                ..fixed
            };
            cell.agreements.extend(self.agreements(&kan, &fixed)?);
            cell.agreements.extend(self.agreements(&kan, &refitted)?);
        }
        Ok(cell)
    }

    /// A network that learned the function on the shifted domain.
    ///
    /// All start from the same parameters, with the knots of the first layer moved along. They take and give numbers as they are:
    /// in units of their own they would all be the same network.
    fn train_shifted(&self, shift: f64) -> Result<Kan, ExperimentError> {
        let Target { d_input, hidden, .. } = *self.key.target;
        let (degree, n_intervals) = (3, 3);
        let splines = BasisConfig::BSpline { degree, n_intervals };
        let config = KanConfig::new([d_input, hidden, hidden, 1], splines)?.with_dtype(FloatDType::F64);
        let scales = Scales::identity(d_input, 1);
        let mut kan = config.init(self.key.seed, self.device).with_scales(scales)?;
        let grid = Grid::uniform(d_input, degree, n_intervals, [shift - 1.0, shift + 1.0])?;
        let (device, dtype) = kan.place();
        kan.layers[0].basis = Basis::BSpline(BSpline::new(&grid, config.beyond, &device, dtype));
        let schedule = FitConfig::new(Schedule::new(Optimizer::LBFGS, self.case.steps));
        let rows = self.train.shift(shift);
        let rows = Rows { x: &rows.x, y: &rows.y };
        let (kan, _) = fit(kan, rows, None, &schedule.with_lambda(self.case.lambda), &mut |_| ())?;
        Ok(kan)
    }

    fn error(&self, kan: &Kan, shift: f64) -> Result<f64, ExperimentError> {
        let rows = self.test.shift(shift);
        Ok(root_mean_square_error(kan, Rows { x: &rows.x, y: &rows.y })?)
    }

    fn inputs(&self, kan: &Kan, shift: f64) -> Result<Tensor<2>, ExperimentError> {
        Ok(kan.tensor(&self.train.shift(shift).x, self.key.target.d_input)?)
    }

    /// Values of the nodes of the first hidden layer, a column for each.
    fn hidden(&self, kan: &Kan, shift: f64) -> Result<Vec<Vec<f64>>, ExperimentError> {
        let values = kan.layers[0].forward(self.inputs(kan, shift)?);
        let columns: Vec<f64> = values.swap_dims(0, 1).into_data().iter().collect();
        Ok(columns.chunks_exact(self.case.n_rows).map(<[f64]>::to_vec).collect())
    }

    /// Ranks of a network beside the ranks of the unshifted one.
    fn agreements(&self, unshifted: &Kan, shifted: &ShiftedNetwork<'_>) -> Result<Vec<Agreement>, ExperimentError> {
        let ShiftedNetwork {
            variant,
            shift,
            kan,
            columns,
        } = *shifted;
        let (before, after) = (self.inputs(unshifted, 0.0)?, self.inputs(kan, shift)?);
        let mut all = Vec::new();
        for ranked in [Ranked::Inputs, Ranked::Hidden] {
            let layer = ranked.layer();
            for score in SCORES {
                let a = score.score(unshifted, layer, &before, self.draw(layer, 0.0))?;
                let mut b = score.score(kan, layer, &after, self.draw(layer, shift))?;
                if ranked == Ranked::Hidden && !columns.is_empty() {
                    b = columns.iter().map(|column| b[*column]).collect();
                }
                all.push(Agreement {
                    variant,
                    ranked,
                    shift,
                    method: score.name().to_owned(),
                    tau: kendall(&a, &b),
                    overlap: top_overlap(&a, &b),
                });
            }
        }
        Ok(all)
    }

    fn prune(&self, kan: &Kan) -> Result<Vec<Pruned>, ExperimentError> {
        // Most scores often keep the same nodes: their error is measured once.
        let mut known = HashMap::new();
        let mut all = Vec::new();
        for nodes in self.case.nodes_left() {
            for score in SCORES {
                for fold in [Fold::Mean, Fold::Zero] {
                    let narrow = self.prune_to(nodes, kan, score, fold)?;
                    let key = (narrow.kept, fold == Fold::Mean);
                    if !known.contains_key(&key) {
                        known.insert(key.clone(), self.errors(narrow.kan, fold)?);
                    }
                    let PrunedErrors { rmse, refitted } = known[&key];
                    all.push(Pruned {
                        method: score.name().to_owned(),
                        folded: fold == Fold::Mean,
                        nodes,
                        rmse,
                        refitted,
                    });
                }
            }
        }
        Ok(all)
    }

    /// Leaves the best nodes in each hidden layer, each layer scored on the network pruned so far.
    fn prune_to(&self, nodes: usize, kan: &Kan, score: Score, fold: Fold) -> Result<NarrowNetwork, ExperimentError> {
        let x = self.inputs(kan, 0.0)?;
        let (mut kan, mut kept) = (kan.clone(), Vec::new());
        for layer in 1..kan.layers.len() {
            let scores = score.score(&kan, layer, &x, self.draw(layer, -1.0))?;
            let keep = best(&scores, nodes);
            let mark = |stays: bool| f64::from(u8::from(stays));
            let marks = kan.widths().into_iter().enumerate().map(|(place, width)| {
                let nodes = 0..width.n_nodes();
                UnitScores::new(nodes.map(|node| mark(place != layer || keep.contains(&node))).collect())
            });
            let marks = marks.collect::<Result<Vec<_>, _>>()?;
            kan = prune_nodes(kan, x.clone(), &marks, &PruneConfig::above(0.5).with_fold(fold))?.kan;
            kept.push(keep);
        }
        Ok(NarrowNetwork { kan, kept })
    }

    /// Errors on test rows, without and, if the case refits after this kind of pruning, with a short training.
    fn errors(&self, kan: Kan, fold: Fold) -> Result<PrunedErrors, ExperimentError> {
        let rmse = self.error(&kan, 0.0)?;
        if !self.case.refitted.contains(&fold) {
            return Ok(PrunedErrors { rmse, refitted: None });
        }
        let schedule = FitConfig::new(Schedule::new(Optimizer::LBFGS, self.case.refit_steps)).with_fixed_grids();
        let rows = Rows {
            x: &self.train.x,
            y: &self.train.y,
        };
        let refitted = fit(kan, rows, None, &schedule, &mut |_| ());
        let refitted = refitted.ok().map(|(kan, _)| self.error(&kan, 0.0)).transpose()?;
        Ok(PrunedErrors {
            rmse,
            refitted: refitted.filter(|error| error.is_finite()),
        })
    }

    /// A seed of its own for each place where random scores are drawn.
    fn draw(&self, layer: usize, place: f64) -> u64 {
        let name = self.key.target.name.bytes();
        let parts = name
            .map(u64::from)
            .chain([self.key.seed, layer as u64, place.to_bits()]);
        // FNV-1a, word by word.
        parts.fold(0xcbf2_9ce4_8422_2325, |hash, part| {
            (hash ^ part).wrapping_mul(0x0100_0000_01b3)
        })
    }
}
