//! Turns an additive model into formulas, stage by stage.

use secateurs_formula::{Criterion, CurveFit, Expr, Formula, Library, fits};
use secateurs_kan::{Stage, Tried, try_settings};
use secateurs_tensor::{UnitKind, UnitScores, keep_units};

use super::{FormulaConfig, FormulaStage, Pruned, outcomes, outcomes_of};
use crate::additive::model::Additive;
use crate::data::scale::ColumnScale;
use crate::data::study::{Outcomes, Study};
use crate::error::Arm;
use crate::formulas::decades::{Decades, Part};
use crate::formulas::level_formula::through;
use crate::measures::metrics::factual_error;
use crate::{CausalError, Result};

/// Largest number of samples that functions of terms are fitted to.
const MOST_SAMPLES: usize = 300;

/// A term with the functions that may replace it.
struct Candidates {
    feature: usize,
    variance: f64,
    fits: Vec<CurveFit>,
    /// The function through all levels, for a covariate with levels.
    levels: Option<Expr>,
}

impl Candidates {
    /// The simplest function with at most this mean squared error, in decades.
    fn simplest(&self, error: f64) -> Expr {
        let r_squared = 1.0 - error / self.variance.max(f64::MIN_POSITIVE);
        let mut fits = self.fits.clone();
        Criterion::Simplest { r_squared }.sort(&mut fits);
        match &self.levels {
            Some(levels) if fits[0].r_squared < r_squared => levels.clone(),
            _ => fits[0].curve.of(&Expr::Variable(self.feature)),
        }
    }
}

pub(super) struct Run<'a> {
    model: &'a Additive,
    study: &'a Study,
    decades: Decades,
    full: Outcomes,
    residual: f64,
}

impl<'a> Run<'a> {
    pub(super) fn new(model: &'a Additive, study: &'a Study) -> Result<Self> {
        let full = model.outcomes(study.x())?;
        let residual = factual_error(&full, study)?;
        // A share of the residual of outcomes that are met exactly would be nothing at all.
        let outcome = ColumnScale::standard(study.outcome());
        let least = match outcome.unit() {
            0.0 => 1e-5 * outcome.origin(),
            deviation => 1e-3 * deviation,
        };
        Ok(Self {
            model,
            study,
            decades: Decades::of(study),
            full,
            residual: residual.max(least * least).max(f64::MIN_POSITIVE),
        })
    }

    /// Mean squared changes of observed outcomes and of effects.
    fn change(&self, now: &Outcomes) -> [f64; 2] {
        let mean_square = |a: &[f64], b: &[f64]| {
            let squares = a.iter().zip(b).map(|(a, b)| (a - b).powi(2));
            squares.sum::<f64>() / a.len() as f64 / self.residual
        };
        [
            mean_square(&now.under(self.study.treated()), &self.full.under(self.study.treated())),
            mean_square(&now.effects(), &self.full.effects()),
        ]
    }

    fn stage(&self, stage: Stage, now: &Outcomes, terms: [usize; 2], budget: f64) -> FormulaStage {
        let change = self.change(now);
        FormulaStage {
            stage,
            change,
            terms,
            within_budget: change.iter().all(|change| *change <= budget),
        }
    }

    pub(super) fn prune(&self, config: &FormulaConfig) -> Result<(Pruned, FormulaStage)> {
        let scores = [self.score(Part::Outcome)?, self.score(Part::Effect)?];
        let scale = deviation(&self.full.under(self.study.treated())).max(f64::MIN_POSITIVE);
        let attempt = |threshold: f64| {
            let kept = scores.each_ref().map(|scores| {
                let n_removed = scores.count_up_to(threshold * scale);
                keep_units(scores, n_removed, 0)
            });
            let units = Part::BOTH.map(|part| kept[part.index()].report(UnitKind::Input, part.name()));
            let model = self.model.clone();
            let pruned = Pruned { model, kept, units };
            let now = outcomes(Part::BOTH.map(|part| pruned.part(part, self.study.x())));
            let terms = pruned.kept().map(|kept| kept.len());
            let stage = self.stage(Stage::Prune(threshold), &now, terms, config.prune);
            (pruned, stage)
        };
        let results = try_settings(&config.thresholds, |threshold| {
            let (pruned, stage) = attempt(threshold);
            tried(pruned, stage)
        })?;
        // Terms without any effect are always removed.
        Ok(results.accepted().unwrap_or_else(|| attempt(1e-9)))
    }

    /// The deviation of each term of a part over the rows.
    fn score(&self, part: Part) -> Result<UnitScores> {
        let of = |j: usize| {
            let values = self.study.covariate(j).into_iter();
            let values: Vec<f64> = values.map(|x| self.model.term(part, j, x)).collect();
            deviation(&values)
        };
        let deviations = (0..self.model.d_input()).map(of).collect();
        Ok(UnitScores::new(deviations)?)
    }

    /// Expressions in decades.
    pub(super) fn find_functions(
        &self,
        pruned: &Pruned,
        names: &[String],
        config: &FormulaConfig,
    ) -> Result<([Expr; 2], FormulaStage)> {
        let candidates = [
            self.candidates(pruned, Part::Outcome, &config.library)?,
            self.candidates(pruned, Part::Effect, &config.library)?,
        ];
        let n_terms = candidates.iter().map(Vec::len).sum::<usize>().max(1);
        let results = try_settings(&config.tolerances, |tolerance| {
            let error = tolerance * config.symbolic * self.residual / n_terms as f64;
            let error = self.decades.squared(error);
            let exprs = Part::BOTH.map(|part| self.expression(part, &candidates[part.index()], error));
            let formulas = self.formulas(self.in_study(&exprs), names)?;
            let stage = self.stage_of(Stage::Symbolic(tolerance), &formulas, config.symbolic)?;
            tried(exprs, stage)
        })?;
        results.last().ok_or(CausalError::OutOfRange {
            what: "number of tolerances",
            range: "at least 1",
            got: 0.0,
        })
    }

    /// The fits of all functions to every remaining term, in decades.
    fn candidates(&self, pruned: &Pruned, part: Part, library: &Library) -> Result<Vec<Candidates>> {
        let of = |&feature: &usize| {
            let place = |x: &f64| self.decades.covariate(feature, *x);
            let value = |x: &f64| self.decades.difference(self.model.term(part, feature, *x));
            let column = self.study.covariate(feature);
            let x: Vec<f64> = column.iter().map(place).collect();
            let y: Vec<f64> = column.iter().map(value).collect();
            let (few_x, few_y) = spread_over(&x, &y);
            let term = &self.model.arm(Arm::Control).terms()[feature];
            let levels = term.has_levels().then(|| {
                let places: Vec<f64> = term.knots().iter().map(place).collect();
                let values: Vec<f64> = term.knots().iter().map(value).collect();
                through(&places, &values, &Expr::Variable(feature))
            });
            Ok(Candidates {
                feature,
                variance: deviation(&y).powi(2),
                fits: fits(&few_x, &few_y, library)?,
                levels,
            })
        };
        pruned.kept()[part.index()].iter().map(of).collect()
    }

    fn expression(&self, part: Part, candidates: &[Candidates], error: f64) -> Expr {
        let constant = Expr::Constant(self.decades.constant(part, self.model.constant(part)));
        let terms = candidates.iter().map(|term| term.simplest(error));
        Expr::sum(std::iter::once(constant).chain(terms).collect())
    }

    pub(super) fn in_study(&self, exprs: &[Expr; 2]) -> [Expr; 2] {
        Part::BOTH.map(|part| self.decades.in_study(part, &exprs[part.index()]))
    }

    pub(super) fn formulas(&self, exprs: [Expr; 2], names: &[String]) -> Result<[Formula; 2]> {
        let [outcome, effect] = exprs;
        let outcome = Formula::new(outcome, names.to_vec(), self.study.x())?;
        let effect = outcome.with(effect);
        Ok([outcome, effect])
    }

    pub(super) fn round(
        &self,
        symbolic: &[Expr; 2],
        names: &[String],
        config: &FormulaConfig,
    ) -> Result<([Formula; 2], Option<FormulaStage>)> {
        let results = try_settings(&config.roundings, |rounding| {
            let round = |part: Part| self.decades.rounded_in_study(part, &symbolic[part.index()], rounding);
            let exprs = [round(Part::Outcome)?, round(Part::Effect)?];
            let formulas = self.formulas(exprs, names)?;
            let stage = self.stage_of(Stage::Round(rounding), &formulas, config.round)?;
            tried(formulas, stage)
        })?;
        match results.accepted() {
            Some((formulas, stage)) => Ok((formulas, Some(stage))),
            None => Ok((self.formulas(self.in_study(symbolic), names)?, None)),
        }
    }

    fn stage_of(&self, stage: Stage, formulas: &[Formula; 2], budget: f64) -> Result<FormulaStage> {
        let now = outcomes_of(formulas, self.study.x())?;
        let terms = formulas.each_ref().map(|formula| formula.expr.variables().len());
        Ok(self.stage(stage, &now, terms, budget))
    }
}

/// A result and its stage, for the walk.
fn tried<T>(result: T, stage: FormulaStage) -> Result<Option<Tried<(T, FormulaStage)>>> {
    let is_accepted = stage.within_budget;
    let result = (result, stage);
    Ok(Some(Tried { result, is_accepted }))
}

/// Samples in the order of `x`, thinned out if there are many, with both ends kept.
fn spread_over(x: &[f64], y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|a, b| x[*a].total_cmp(&x[*b]));
    let stride = x.len().div_ceil(MOST_SAMPLES).max(1);
    let last = order.len() - 1;
    let thinned = (0..=last).filter(|at| at % stride == 0 || *at == last);
    thinned.map(|at| (x[order[at]], y[order[at]])).unzip()
}

fn deviation(values: &[f64]) -> f64 {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt()
}
