//! Pictures of the effects of the first task.

use secateurs_causal::plots::{Dependence, Radar, RadarGroup, dependence_plot, radar_plot};
use secateurs_causal::{Arm, PoolingSearch, Study};

use super::case::{CausalCase, TaskSet};
use super::closed::name_covariates;
use crate::ExperimentError;
use crate::report::Chart;

/// Covariates that are drawn.
const DRAWN: usize = 2;

/// Partial dependence of the effect on its strongest covariates, and an individual beside the average, for the first task of each
/// data set.
pub fn draw_effects(case: &CausalCase) -> Result<Vec<Chart>, ExperimentError> {
    let mut charts = Vec::new();
    for dataset in &case.datasets {
        let effect = Effect::fit(dataset)?;
        for covariate in effect.strongest() {
            charts.push(effect.draw_dependence(covariate)?);
        }
        charts.push(effect.draw_radar()?);
    }
    Ok(charts)
}

/// The effect of one task as a sum of terms.
struct Effect<'a> {
    dataset: &'a str,
    study: Study,
    names: Vec<String>,
    constant: f64,
    /// Values of the terms, for each covariate and row.
    terms: Vec<Vec<f64>>,
}

impl<'a> Effect<'a> {
    fn fit(dataset: &'a TaskSet) -> Result<Self, ExperimentError> {
        let study = dataset.task(1)?.train;
        let (model, _) = PoolingSearch::default().fit(&study)?;
        let term = |covariate: usize| -> Result<Vec<f64>, ExperimentError> {
            let values = study.covariate(covariate);
            values.iter().map(|x| Ok(model.effect_term(covariate, *x)?)).collect()
        };
        Ok(Self {
            dataset: dataset.name,
            names: name_covariates(study.d_input()),
            constant: model.arm(Arm::Treated).intercept() - model.arm(Arm::Control).intercept(),
            terms: (0..study.d_input()).map(term).collect::<Result<_, _>>()?,
            study,
        })
    }

    /// Covariates by the size of their terms.
    fn strongest(&self) -> Vec<usize> {
        let size = |covariate: &usize| self.terms[*covariate].iter().map(|term| term * term).sum::<f64>();
        let mut order: Vec<usize> = (0..self.terms.len()).collect();
        order.sort_by(|a, b| size(b).total_cmp(&size(a)));
        order.truncate(DRAWN);
        order
    }

    fn draw_dependence(&self, covariate: usize) -> Result<Chart, ExperimentError> {
        let name = &self.names[covariate];
        let svg = dependence_plot(&Dependence {
            title: &format!("{}: effect against {name}", self.dataset),
            variable: name,
            contribution: "part of the effect",
            x: &self.study.covariate(covariate),
            term: &self.terms[covariate],
            marked: &[0],
        })?;
        Ok(Chart::new(format!("dependence-{}-{name}", self.dataset), svg))
    }

    fn draw_radar(&self) -> Result<Chart, ExperimentError> {
        let row = |row: usize| self.terms.iter().map(move |column| column[row]);
        let matrix: Vec<f64> = (0..self.study.rows()).flat_map(row).collect();
        let svg = radar_plot(&Radar {
            title: &format!("{}: the effect of the first row beside the average", self.dataset),
            variables: &self.names,
            groups: &[RadarGroup {
                name: "effect",
                constant: self.constant,
                terms: &matrix,
            }],
            individual: 0,
            max_axes: 12,
        })?;
        Ok(Chart::new(format!("radar-{}", self.dataset), svg))
    }
}
