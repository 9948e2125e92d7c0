//! What the effects of the first task depend on.

use secateurs_causal::plots::{Dependence, Radar, RadarGroup, dependence_plot, radar_plot};
use secateurs_causal::{Arm, PoolingSearch};

use super::case::Case;
use super::closed::names;
use crate::ExperimentError;
use crate::claims::Plots;
use crate::report::Chart;

/// Covariates that are drawn.
const DRAWN: usize = 2;

/// Partial dependence of the effect on its strongest covariates, and an individual beside the average, for the first task of each
/// data set.
pub(super) fn plots(case: &Case) -> Result<Plots, ExperimentError> {
    let mut plots = Plots::new();
    for dataset in &case.datasets {
        let study = dataset.task(1)?.train;
        let (model, _) = PoolingSearch::default().fit(&study)?;
        let names = names(study.d_input());
        let terms: Vec<Vec<f64>> = (0..study.d_input())
            .map(|j| {
                let values = study.covariate(j);
                values.iter().map(|x| Ok(model.effect_term(j, *x)?)).collect()
            })
            .collect::<Result<_, ExperimentError>>()?;
        let size = |j: &usize| terms[*j].iter().map(|term| term * term).sum::<f64>();
        let mut order: Vec<usize> = (0..terms.len()).collect();
        order.sort_by(|a, b| size(b).total_cmp(&size(a)));
        for &j in order.iter().take(DRAWN) {
            let svg = dependence_plot(&Dependence {
                title: &format!("{}: effect against {}", dataset.name, names[j]),
                variable: &names[j],
                contribution: "part of the effect",
                x: &study.covariate(j),
                term: &terms[j],
                marked: &[0],
            })?;
            plots.push(Chart::new(format!("dependence-{}-{}", dataset.name, names[j]), svg));
        }
        let matrix: Vec<f64> = (0..study.rows())
            .flat_map(|row| terms.iter().map(move |column| column[row]))
            .collect();
        let svg = radar_plot(&Radar {
            title: &format!("{}: the effect of the first row beside the average", dataset.name),
            variables: &names,
            groups: &[RadarGroup {
                name: "effect",
                constant: model.arm(Arm::Treated).intercept() - model.arm(Arm::Control).intercept(),
                terms: &matrix,
            }],
            individual: 0,
            max_axes: 12,
        })?;
        plots.push(Chart::new(format!("radar-{}", dataset.name), svg));
    }
    Ok(plots)
}
