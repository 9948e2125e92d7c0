//! One function with one seed: networks on shifted domains, the agreement of ranks, and errors after pruning.

use std::collections::HashMap;

use burn::tensor::{Device, FloatDType, Tensor};
use secateurs::kan::{
    BSpline, Basis, BasisConfig, FitConfig, Fold, Grid, Kan, KanConfig, Optimizer, PruneConfig, Rows, Schedule, Units,
    fit, prune_nodes, root_mean_square_error,
};
use secateurs::tensor::UnitScores;
use serde::{Deserialize, Serialize};

use super::Case;
use super::ranks::{best, kendall, matching, top_overlap};
use super::score::{SCORES, Score};
use super::target::{Sample, Target};
use crate::ExperimentError;

/// What a shift does to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Variant {
    /// The network of the unshifted domain is evaluated on the shifted one.
    Fixed,
    /// Another one learns `f(x - shift)` there.
    Refit,
}

impl Variant {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Refit => "refit",
        }
    }
}

/// Nodes that are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Ranked {
    Inputs,
    Hidden,
}

impl Ranked {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Inputs => "inputs",
            Self::Hidden => "hidden",
        }
    }

    fn layer(self) -> usize {
        match self {
            Self::Inputs => 0,
            Self::Hidden => 1,
        }
    }
}

/// All that was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cell {
    pub(super) function: String,
    pub(super) seed: u64,
    /// On test rows, before pruning.
    pub(super) rmse: f64,
    pub(super) agreements: Vec<Agreement>,
    pub(super) refits: Vec<Refit>,
    pub(super) pruned: Vec<Pruned>,
}

/// Ranks on a shifted domain beside those on the unshifted one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Agreement {
    pub(super) variant: Variant,
    pub(super) ranked: Ranked,
    pub(super) shift: f64,
    pub(super) method: String,
    /// Absent where all scores are tied.
    pub(super) tau: Option<f64>,
    pub(super) overlap: f64,
}

/// A network that learned on a shifted domain.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Refit {
    pub(super) shift: f64,
    pub(super) rmse: f64,
    /// Mean absolute correlation of hidden nodes with those of the unshifted network that they were matched with.
    pub(super) correlation: f64,
}

/// A network with so many nodes left in each hidden layer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pruned {
    pub(super) method: String,
    pub(super) folded: bool,
    pub(super) nodes: usize,
    pub(super) rmse: f64,
    /// After a short training without penalty; absent where it was not done or diverged.
    pub(super) refitted: Option<f64>,
}

/// Where and how networks of one function and seed are made.
pub(super) struct Bench<'a> {
    case: &'a Case,
    target: Target,
    seed: u64,
    device: &'a Device,
    train: Sample,
    test: Sample,
}

impl<'a> Bench<'a> {
    pub(super) fn new(case: &'a Case, (target, seed): (Target, u64), device: &'a Device) -> Self {
        let train = target.sample(case.n_rows, 2 * seed);
        let unit = train.deviation();
        Self {
            case,
            target,
            seed,
            device,
            train: train.in_units_of(unit),
            test: target.sample(case.n_rows, 2 * seed + 1).in_units_of(unit),
        }
    }

    /// Measures everything.
    pub(super) fn cell(&self) -> Result<Cell, ExperimentError> {
        let kan = self.trained(0.0)?;
        let mut cell = Cell {
            function: self.target.name.to_owned(),
            seed: self.seed,
            rmse: self.error(&kan, 0.0)?,
            agreements: Vec::new(),
            refits: Vec::new(),
            pruned: self.pruned(&kan)?,
        };
        for &shift in &self.case.shifts {
            let refit = self.trained(shift)?;
            let (columns, correlations) = matching(&self.hidden(&kan, 0.0)?, &self.hidden(&refit, shift)?);
            cell.refits.push(Refit {
                shift,
                rmse: self.error(&refit, shift)?,
                correlation: correlations.iter().sum::<f64>() / correlations.len() as f64,
            });
            cell.agreements
                .extend(self.agreements(&kan, (&kan, &[]), (Variant::Fixed, shift))?);
            let of_refit = self.agreements(&kan, (&refit, &columns), (Variant::Refit, shift))?;
            cell.agreements.extend(of_refit);
        }
        Ok(cell)
    }

    /// A network that learned the function on the shifted domain.
    ///
    /// All start from the same parameters, with the knots of the first layer moved along. They take and give numbers as they are:
    /// in units of their own they would all be the same network.
    fn trained(&self, shift: f64) -> Result<Kan, ExperimentError> {
        let Target { d_input, hidden, .. } = self.target;
        let (degree, n_intervals) = (3, 3);
        let splines = BasisConfig::BSpline { degree, n_intervals };
        let config = KanConfig::new([d_input, hidden, hidden, 1], splines)?.with_dtype(FloatDType::F64);
        let units = Units::identity(d_input, 1);
        let mut kan = config.init(self.seed, self.device).with_units(units)?;
        let grid = Grid::uniform((d_input, degree, n_intervals), [shift - 1.0, shift + 1.0])?;
        let (device, dtype) = kan.place();
        kan.layers[0].basis = Basis::BSpline(BSpline::new(&grid, config.beyond, (&device, dtype)));
        let schedule = FitConfig::new(Schedule::new(Optimizer::LBFGS, self.case.steps));
        let rows = self.train.shifted(shift);
        let rows = Rows { x: &rows.x, y: &rows.y };
        let (kan, _) = fit(kan, rows, None, &schedule.with_lambda(self.case.lambda), &mut |_| ())?;
        Ok(kan)
    }

    fn error(&self, kan: &Kan, shift: f64) -> Result<f64, ExperimentError> {
        let rows = self.test.shifted(shift);
        Ok(root_mean_square_error(kan, Rows { x: &rows.x, y: &rows.y })?)
    }

    fn inputs(&self, kan: &Kan, shift: f64) -> Result<Tensor<2>, ExperimentError> {
        Ok(kan.tensor(&self.train.shifted(shift).x, self.target.d_input)?)
    }

    /// Values of the nodes of the first hidden layer, a column for each.
    fn hidden(&self, kan: &Kan, shift: f64) -> Result<Vec<Vec<f64>>, ExperimentError> {
        let values = kan.layers[0].forward(self.inputs(kan, shift)?);
        let columns: Vec<f64> = values.swap_dims(0, 1).into_data().iter().collect();
        Ok(columns.chunks_exact(self.case.n_rows).map(<[f64]>::to_vec).collect())
    }

    /// Ranks of a network beside those of the unshifted one; `columns` says which of its hidden nodes is which, and is empty
    /// where they are the same.
    fn agreements(
        &self,
        unshifted: &Kan,
        (kan, columns): (&Kan, &[usize]),
        (variant, shift): (Variant, f64),
    ) -> Result<Vec<Agreement>, ExperimentError> {
        let (before, after) = (self.inputs(unshifted, 0.0)?, self.inputs(kan, shift)?);
        let mut all = Vec::new();
        for ranked in [Ranked::Inputs, Ranked::Hidden] {
            for score in SCORES {
                let a = score.of(unshifted, ranked.layer(), (&before, self.draw(ranked.layer(), 0.0)))?;
                let mut b = score.of(kan, ranked.layer(), (&after, self.draw(ranked.layer(), shift)))?;
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

    fn pruned(&self, kan: &Kan) -> Result<Vec<Pruned>, ExperimentError> {
        // Most scores often keep the same nodes: what was measured is measured once.
        let mut known = HashMap::new();
        let mut all = Vec::new();
        for nodes in self.case.nodes_left() {
            for score in SCORES {
                for fold in [Fold::Mean, Fold::Zero] {
                    let (pruned, kept) = self.pruned_to(nodes, kan, (score, fold))?;
                    let key = (kept, fold == Fold::Mean);
                    if !known.contains_key(&key) {
                        known.insert(key.clone(), self.errors(pruned, self.case.refitted.contains(&fold))?);
                    }
                    let (rmse, refitted) = known[&key];
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
    fn pruned_to(
        &self,
        nodes: usize,
        kan: &Kan,
        (score, fold): (Score, Fold),
    ) -> Result<(Kan, Vec<Vec<usize>>), ExperimentError> {
        let x = self.inputs(kan, 0.0)?;
        let (mut kan, mut kept) = (kan.clone(), Vec::new());
        for layer in 1..kan.layers.len() {
            let scores = score.of(&kan, layer, (&x, self.draw(layer, -1.0)))?;
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
        Ok((kan, kept))
    }

    /// On test rows, without and, if wanted, with a short training.
    fn errors(&self, kan: Kan, refit: bool) -> Result<(f64, Option<f64>), ExperimentError> {
        let before = self.error(&kan, 0.0)?;
        if !refit {
            return Ok((before, None));
        }
        let schedule = FitConfig::new(Schedule::new(Optimizer::LBFGS, self.case.refit_steps)).with_fixed_grids();
        let rows = Rows {
            x: &self.train.x,
            y: &self.train.y,
        };
        let refitted = fit(kan, rows, None, &schedule, &mut |_| ());
        let after = refitted.ok().map(|(kan, _)| self.error(&kan, 0.0)).transpose()?;
        Ok((before, after.filter(|error| error.is_finite())))
    }

    /// A seed of its own for each place where random scores are drawn.
    fn draw(&self, layer: usize, place: f64) -> u64 {
        let name = self.target.name.bytes();
        let parts = name.map(u64::from).chain([self.seed, layer as u64, place.to_bits()]);
        // FNV-1a, word by word.
        parts.fold(0xcbf2_9ce4_8422_2325, |hash, part| {
            (hash ^ part).wrapping_mul(0x0100_0000_01b3)
        })
    }
}
