//! Dependence of each individual's prediction on one variable.

use maud::{Markup, html};
use secateurs_chart::{Frame, INK, LegendEntry, PALETTE, Stroke, draw_polyline, opacity};

use super::hue::{Hue, draw_scale};
use super::panel::{Captions, Panel};
use super::{check_count, check_finite, check_rows};
use crate::Result;

/// Start of the curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// Starts each curve at its prediction.
    #[default]
    AsPredicted,
    /// Starts each curve at 0: it is moved by its first value, so that only differences are seen.
    Centred,
}

/// Predictions for each individual as one variable goes through a grid and the others stay.
#[derive(Debug, Clone, Copy)]
pub struct Ice<'a> {
    /// Title above the drawing.
    pub title: &'a str,
    /// Name of the variable, with its unit.
    pub variable: &'a str,
    /// Name of the predicted quantity, with its unit.
    pub prediction: &'a str,
    /// Values of the variable, `[n_grid]`, ascending.
    pub grid: &'a [f64],
    /// `[n_rows, n_grid]`
    pub curves: &'a [f64],
    /// Values that the variable has in the data, for the rug.
    pub x: &'a [f64],
    /// Start of the curves.
    pub level: Level,
    /// Values that colour them.
    pub hue: Option<Hue<'a>>,
}

/// Draws individual conditional expectations: one thin curve for each individual, and their mean, as SVG.
///
/// The mean is the partial dependence, `(1 / n) sum_i f(x_j, x_{i, -j})`.
///
/// # Errors
///
/// If there is no row or no grid, a value is NaN or infinite, or the curves are no whole rows or not as many as the
/// values of the hue.
///
/// # References
///
/// Goldstein et al., *Peeking Inside the Black Box*, 2015, arXiv:1309.6392.
pub fn ice_plot(plot: &Ice<'_>) -> Result<String> {
    let n_grid = plot.grid.len();
    check_rows("values of the grid", n_grid)?;
    let n_rows = plot.curves.len() / n_grid;
    check_rows("curves", n_rows)?;
    check_count("values of the curves", n_rows * n_grid, plot.curves.len())?;
    if let Some(hue) = plot.hue {
        check_count("values of the hue", n_rows, hue.values.len())?;
        check_finite(hue.values)?;
    }
    for values in [plot.grid, plot.curves, plot.x] {
        check_finite(values)?;
    }
    let curves = levelled(plot);
    let mean: Vec<f64> = (0..n_grid)
        .map(|at| curves.iter().skip(at).step_by(n_grid).sum::<f64>() / n_rows as f64)
        .collect();
    let captions = Captions {
        title: plot.title,
        x: plot.variable,
        y: plot.prediction,
    };
    let places = plot.grid.iter().cycle().zip(&curves).map(|(x, y)| [*x, *y]);
    let data = plot.x.iter().map(|x| [*x, f64::NAN]); // widens the horizontal axis only
    let panel = Panel::new(&captions, legend_entries(plot), places.chain(data));
    let frame = &panel.frame;
    let body = html! {
        @if let Some(hue) = &plot.hue { (draw_scale(hue, panel.legend.end)) }
        (panel.draw_rug(plot.x))
        @for (row, curve) in curves.chunks_exact(n_grid).enumerate() { (draw_individual(plot, row, curve, frame)) }
        path class="mean" d=(path(plot.grid, &mean, frame)) fill="none" stroke=(INK) stroke-width="2.8"
            stroke-dasharray="7 4" stroke-linejoin="round" {}
    };
    Ok(panel.draw(body))
}

fn levelled(plot: &Ice<'_>) -> Vec<f64> {
    let moved = |curve: &[f64]| -> Vec<f64> {
        match plot.level {
            Level::AsPredicted => curve.to_vec(),
            Level::Centred => curve.iter().map(|value| value - curve[0]).collect(),
        }
    };
    plot.curves.chunks_exact(plot.grid.len()).flat_map(moved).collect()
}

/// Entries of the legend; with a hue, its scale of colours stands for the individuals.
fn legend_entries(plot: &Ice<'_>) -> Vec<LegendEntry> {
    let individuals = LegendEntry::new("individuals", Stroke::solid(PALETTE[0]));
    let mean = LegendEntry::new("mean", Stroke::dashed(INK));
    match plot.hue {
        None => vec![individuals, mean],
        Some(_) => vec![mean],
    }
}

fn path(grid: &[f64], curve: &[f64], frame: &Frame) -> String {
    draw_polyline(grid.iter().zip(curve).map(|(x, y)| frame.place(*x, *y)))
}

fn draw_individual(plot: &Ice<'_>, row: usize, curve: &[f64], frame: &Frame) -> Markup {
    let n_rows = plot.curves.len() / plot.grid.len();
    let alpha = (16.0 / n_rows as f64).clamp(0.08, 0.7);
    let colour = plot.hue.map_or(PALETTE[0], |hue| hue.colour(row));
    html! {
        path class="individual" d=(path(plot.grid, curve, frame)) fill="none" stroke=(colour) stroke-width="1.2"
            stroke-opacity=(opacity(alpha)) stroke-linejoin="round" {}
    }
}
