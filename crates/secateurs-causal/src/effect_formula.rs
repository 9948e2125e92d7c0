//! One formula for the outcome without treatment and one for the effect, from an additive model.

use secateurs_formula::{Criterion, CurveFit, Expr, Formula, Library, Rounding, fits};

use crate::additive::Additive;
use crate::decades::Decades;
use crate::error::{Arm, Column};
use crate::level_formula::through;
use crate::metrics::factual_error;
use crate::scale::Scale;
use crate::study::{Outcomes, Study, check_length};
use crate::{CausalError, Result};

/// Samples that functions of terms are fitted to.
const MOST_SAMPLES: usize = 300;

/// How far each stage may move the predictions.
///
/// A stage is accepted if the mean squared change of the outcomes that were observed, and that of the effects, over the
/// training rows, against the model as it was fitted, are at most this share of the mean squared residual. So no stage needs
/// rows of its own, and the formula cannot be more than a little worse than the model.
#[derive(Debug, Clone, PartialEq)]
pub struct FormulaConfig {
    /// After pruning.
    pub prune: f64,
    /// After pruning and finding functions.
    pub symbolic: f64,
    /// After rounding as well.
    pub round: f64,
    /// Shares of the standard deviation of the fitted outcomes up to which that of a term lets it go, the boldest first.
    pub thresholds: Vec<f64>,
    /// Mean squared errors that functions of terms may have, in units of an equal share of the budget for each term; the boldest
    /// first. So a term that matters little gets a simple function.
    pub tolerances: Vec<f64>,
    /// The functions.
    pub library: Library,
    /// Roundings, the boldest first. They are of constants in decades: outcomes and effects in the power of ten below the deviation
    /// of the outcomes, covariates in that below their range. So formulas have the same digits in all units.
    pub roundings: Vec<Rounding>,
}

impl Default for FormulaConfig {
    fn default() -> Self {
        Self {
            prune: 0.03,
            symbolic: 0.06,
            round: 0.08,
            thresholds: vec![0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01],
            tolerances: vec![8.0, 4.0, 2.0, 1.0, 0.5, 0.2, 0.05, 0.01],
            library: Library::default().with_polynomials(5),
            // Small shifts go with decimals; small factors stay with digits.
            roundings: (1..=6)
                .flat_map(|n| [Rounding::Decimals(n), Rounding::Significant(n)])
                .collect(),
        }
    }
}

/// What a stage has left.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Which one, with its setting.
    pub kind: StageKind,
    /// Mean squared change of the observed outcomes, and of the effects, as shares of the mean squared residual.
    pub change: [f64; 2],
    /// Terms of the outcome without treatment and of the effect.
    pub terms: [usize; 2],
    /// Whether the change is within the budget; if no attempt was, the last one is taken.
    pub within_budget: bool,
}

/// The stages on the way from a model to formulas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StageKind {
    /// Terms with deviations up to this share removed.
    Prune(f64),
    /// A function for every term, with errors up to this tolerance if one of the library has.
    Symbolic(f64),
    /// Rounded constants.
    Round(Rounding),
}

/// Formulas of a study, stage by stage.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectFormulas {
    names: Vec<String>,
    /// The stages as they were accepted.
    pub stages: Vec<Stage>,
    /// After pruning, the functions still splines.
    pub pruned: Pruned,
    /// The outcome without treatment and the effect, with a function for every term.
    pub symbolic: [Formula; 2],
    /// The same, rounded.
    pub rounded: [Formula; 2],
}

/// An additive model with fewer terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Pruned {
    model: Additive,
    keep: [Vec<bool>; 2],
}

/// Of the two functions that make a model: the outcome without treatment, and the effect.
const PARTS: [usize; 2] = [0, 1];

impl Pruned {
    /// The covariates in the outcome without treatment, and in the effect.
    pub fn kept(&self) -> [Vec<usize>; 2] {
        PARTS.map(|part| (0..self.model.d_input()).filter(|j| self.keep[part][*j]).collect())
    }

    /// What a covariate adds to a part, with mean 0 over the training rows.
    fn term(&self, part: usize, feature: usize, value: f64) -> f64 {
        let of = |arm: Arm| self.model.arm(arm).terms()[feature].at(value);
        match part {
            0 => of(Arm::Control),
            _ => of(Arm::Treated) - of(Arm::Control),
        }
    }

    /// The mean of a part over the training rows.
    fn constant(&self, part: usize) -> f64 {
        let of = |arm: Arm| self.model.arm(arm).intercept();
        match part {
            0 => of(Arm::Control),
            _ => of(Arm::Treated) - of(Arm::Control),
        }
    }

    fn part(&self, part: usize, x: &[f64]) -> Vec<f64> {
        let kept = &self.kept()[part];
        let value = |row: &[f64]| kept.iter().map(|j| self.term(part, *j, row[*j])).sum::<f64>();
        let constant = self.constant(part);
        x.chunks_exact(self.model.d_input())
            .map(|row| constant + value(row))
            .collect()
    }

    /// Expected outcomes of rows, `[rows, d_input]`.
    ///
    /// # Errors
    ///
    /// If the numbers do not fill whole rows, or one is NaN or infinite.
    pub fn outcomes(&self, x: &[f64]) -> Result<Outcomes> {
        crate::study::check_covariates(x, self.model.d_input())?;
        Ok(outcomes(PARTS.map(|part| self.part(part, x))))
    }
}

impl Additive {
    /// Formulas of a model that was fitted to this study.
    ///
    /// Terms are pruned, then every term that is left becomes the simplest function that explains enough of it, then all
    /// constants are rounded; see [`FormulaConfig`]. A removed term leaves its mean in the constant. A term of levels that no
    /// function of the library explains is a sum of `abs(x - level)`, which meets all levels.
    ///
    /// # Errors
    ///
    /// If there are not as many names as covariates, or the study has others.
    pub fn formulas(&self, study: &Study, names: &[String], config: &FormulaConfig) -> Result<EffectFormulas> {
        study.check_d_input(self.d_input())?;
        check_length(Column::Covariates, self.d_input(), names.len())?;
        let run = Run::new(self, study)?;
        let (pruned, first) = run.pruned(config);
        let (symbolic, second) = run.symbolic(&pruned, names, config)?;
        let (rounded, third) = run.rounded(&symbolic, names, config)?;
        let symbolic = run.formulas(symbolic.each_ref().map(|expr| run.decades.in_study(expr)), names)?;
        Ok(EffectFormulas {
            names: names.to_vec(),
            stages: [Some(first), Some(second), third].into_iter().flatten().collect(),
            pruned,
            symbolic,
            rounded,
        })
    }
}

impl EffectFormulas {
    /// Names of the covariates.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Expected outcomes by the rounded formulas, for rows `[rows, d_input]`; each covariate is moved into the range that the
    /// formulas were fitted on, since a polynomial says nothing beyond it.
    ///
    /// # Errors
    ///
    /// If the numbers do not fill whole rows, or one is NaN or infinite.
    pub fn outcomes(&self, x: &[f64]) -> Result<Outcomes> {
        outcomes_of(&self.rounded, x)
    }

    /// The same by the formulas before rounding.
    ///
    /// # Errors
    ///
    /// As [`outcomes`](Self::outcomes).
    pub fn symbolic_outcomes(&self, x: &[f64]) -> Result<Outcomes> {
        outcomes_of(&self.symbolic, x)
    }
}

fn outcomes_of(formulas: &[Formula; 2], x: &[f64]) -> Result<Outcomes> {
    let mut parts = [Vec::new(), Vec::new()];
    for (part, formula) in parts.iter_mut().zip(formulas) {
        *part = formula.evaluate(&formula.clamped(x))?.0;
    }
    Ok(outcomes(parts))
}

fn outcomes([mu0, effect]: [Vec<f64>; 2]) -> Outcomes {
    let mu1 = mu0.iter().zip(&effect).map(|(mu0, effect)| mu0 + effect).collect();
    Outcomes { mu0, mu1 }
}

/// A term and what it may become.
struct Candidates {
    feature: usize,
    variance: f64,
    fits: Vec<CurveFit>,
    /// Through all levels, for a covariate that has them.
    levels: Option<Expr>,
}

impl Candidates {
    /// The simplest function whose mean squared error is at most this, in decades.
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

struct Run<'a> {
    model: &'a Additive,
    study: &'a Study,
    decades: Decades,
    full: Outcomes,
    residual: f64,
}

impl<'a> Run<'a> {
    fn new(model: &'a Additive, study: &'a Study) -> Result<Self> {
        let full = model.outcomes(study.x())?;
        let residual = factual_error(&full, study)?;
        // Of outcomes that are met exactly, a share would be nothing at all.
        let outcome = Scale::standard(study.outcome());
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

    fn stage(&self, kind: StageKind, now: &Outcomes, (terms, budget): ([usize; 2], f64)) -> Stage {
        let change = self.change(now);
        Stage {
            kind,
            change,
            terms,
            within_budget: change.iter().all(|change| *change <= budget),
        }
    }

    fn pruned(&self, config: &FormulaConfig) -> (Pruned, Stage) {
        let d_input = self.model.d_input();
        let all = Pruned {
            model: self.model.clone(),
            keep: [vec![true; d_input], vec![true; d_input]],
        };
        let deviations = PARTS.map(|part| {
            let of = |j: usize| {
                let values: Vec<f64> = self.study.covariate(j).iter().map(|x| all.term(part, j, *x)).collect();
                deviation(&values)
            };
            (0..d_input).map(of).collect::<Vec<f64>>()
        });
        let scale = deviation(&self.full.under(self.study.treated())).max(f64::MIN_POSITIVE);
        let attempt = |threshold: f64| {
            let keep = deviations.each_ref().map(|all| {
                let above = |deviation: &f64| *deviation > threshold * scale;
                all.iter().map(above).collect::<Vec<bool>>()
            });
            let pruned = Pruned { keep, ..all.clone() };
            let now = outcomes(PARTS.map(|part| pruned.part(part, self.study.x())));
            let terms = pruned.kept().map(|kept| kept.len());
            let stage = self.stage(StageKind::Prune(threshold), &now, (terms, config.prune));
            (pruned, stage)
        };
        let mut attempts = config.thresholds.iter().map(|threshold| attempt(*threshold));
        // Terms that do nothing at all always go.
        attempts
            .find(|(_, stage)| stage.within_budget)
            .unwrap_or_else(|| attempt(1e-9))
    }

    /// Expressions in decades.
    fn symbolic(&self, pruned: &Pruned, names: &[String], config: &FormulaConfig) -> Result<([Expr; 2], Stage)> {
        let candidates = [
            self.candidates(pruned, 0, &config.library)?,
            self.candidates(pruned, 1, &config.library)?,
        ];
        let mut last = None;
        let n_terms = candidates.iter().map(Vec::len).sum::<usize>().max(1);
        for &tolerance in &config.tolerances {
            let error = tolerance * config.symbolic * self.residual / n_terms as f64;
            let exprs =
                PARTS.map(|part| self.expression(pruned, part, (&candidates[part], self.decades.squared(error))));
            let formulas = self.formulas(exprs.each_ref().map(|expr| self.decades.in_study(expr)), names)?;
            let now = outcomes_of(&formulas, self.study.x())?;
            let terms = formulas.each_ref().map(|formula| formula.expr.variables().len());
            let stage = self.stage(StageKind::Symbolic(tolerance), &now, (terms, config.symbolic));
            let done = stage.within_budget;
            last = Some((exprs, stage));
            if done {
                break;
            }
        }
        last.ok_or(CausalError::OutOfRange {
            what: "number of tolerances",
            range: "at least 1",
            got: 0.0,
        })
    }

    /// For every term that is left, the fits of all functions, in decades.
    fn candidates(&self, pruned: &Pruned, part: usize, library: &Library) -> Result<Vec<Candidates>> {
        let of = |&feature: &usize| {
            let place = |x: &f64| self.decades.covariate(feature, *x);
            let value = |x: &f64| self.decades.outcome(pruned.term(part, feature, *x));
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
        pruned.kept()[part].iter().map(of).collect()
    }

    fn expression(&self, pruned: &Pruned, part: usize, (candidates, error): (&[Candidates], f64)) -> Expr {
        let constant = Expr::Constant(self.decades.outcome(pruned.constant(part)));
        let terms = candidates.iter().map(|term| term.simplest(error));
        Expr::sum(std::iter::once(constant).chain(terms).collect())
    }

    fn formulas(&self, exprs: [Expr; 2], names: &[String]) -> Result<[Formula; 2]> {
        let [outcome, effect] = exprs;
        let outcome = Formula::new(outcome, names.to_vec(), self.study.x())?;
        let effect = outcome.with(effect);
        Ok([outcome, effect])
    }

    fn rounded(
        &self,
        symbolic: &[Expr; 2],
        names: &[String],
        config: &FormulaConfig,
    ) -> Result<([Formula; 2], Option<Stage>)> {
        for &rounding in &config.roundings {
            let exprs = symbolic
                .each_ref()
                .map(|expr| self.decades.rounded_in_study(expr, rounding));
            let formulas = self.formulas(exprs, names)?;
            let now = outcomes_of(&formulas, self.study.x())?;
            let terms = formulas.each_ref().map(|formula| formula.expr.variables().len());
            let stage = self.stage(StageKind::Round(rounding), &now, (terms, config.round));
            if stage.within_budget {
                return Ok((formulas, Some(stage)));
            }
        }
        let unrounded = symbolic.each_ref().map(|expr| self.decades.in_study(expr));
        Ok((self.formulas(unrounded, names)?, None))
    }
}

/// Samples in the order of `x`, thinned out if they are many, with both ends.
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
