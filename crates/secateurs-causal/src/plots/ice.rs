//! What one variable does to each individual.

use maud::{Markup, html};

use super::axis::{Axis, label};
use super::chart::{FAINT, Heading, INK, PALETTE, axes, chart, legend, line, number, rug};
use super::text::printable;
use super::{check_count, check_finite, check_rows};
use crate::Result;

/// Ends and middle of the scale of colours, red, green and blue.
const HUES: [[f64; 3]; 3] = [[0.0, 114.0, 178.0], [190.0, 190.0, 190.0], [213.0, 94.0, 0.0]];

/// Where the curves start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// At their predictions.
    #[default]
    AsPredicted,
    /// At 0: each is moved by its first value, so that only differences are seen.
    Centred,
}

/// A variable that colours the curves.
#[derive(Debug, Clone, Copy)]
pub struct Hue<'a> {
    /// Its name.
    pub name: &'a str,
    /// `[n_rows]`
    pub values: &'a [f64],
}

/// Predictions for each individual as one variable goes through a grid and the others stay.
#[derive(Debug, Clone, Copy)]
pub struct Ice<'a> {
    /// Above the drawing.
    pub title: &'a str,
    /// Name of the variable, with its unit.
    pub variable: &'a str,
    /// Name of what is predicted, with its unit.
    pub prediction: &'a str,
    /// Values of the variable, `[n_grid]`, ascending.
    pub grid: &'a [f64],
    /// `[n_rows, n_grid]`
    pub curves: &'a [f64],
    /// Values that the variable has in the data, for the rug.
    pub x: &'a [f64],
    /// Where the curves start.
    pub level: Level,
    /// What colours them.
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
    let axes = axes(plot.grid.iter().chain(plot.x).copied(), curves.iter().copied());
    let heading = Heading {
        title: plot.title,
        x: plot.variable,
        y: plot.prediction,
    };
    let body = html! {
        (rug(plot.x, &axes.0))
        @for (row, curve) in curves.chunks_exact(n_grid).enumerate() { (individual(plot, (row, n_rows), (curve, &axes))) }
        path class="mean" d=(path(plot.grid, &mean, &axes)) fill="none" stroke=(INK) stroke-width="2.8"
            stroke-dasharray="7 4" stroke-linejoin="round" {}
    };
    Ok(chart(&heading, &axes, (legends(plot), body)))
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

fn path(grid: &[f64], curve: &[f64], (x_axis, y_axis): &(Axis, Axis)) -> String {
    let points = grid.iter().zip(curve);
    line(points.map(|(x, y)| (x_axis.position(*x), y_axis.position(*y))))
}

fn individual(plot: &Ice<'_>, (row, n_rows): (usize, usize), (curve, axes): (&[f64], &(Axis, Axis))) -> Markup {
    let alpha = (16.0 / n_rows as f64).clamp(0.08, 0.7);
    let colour = plot
        .hue
        .map_or_else(|| PALETTE[0].to_owned(), |hue| colour(hue.values, row));
    html! {
        path class="individual" d=(path(plot.grid, curve, axes)) fill="none" stroke=(colour) stroke-width="1.2"
            stroke-opacity=(format!("{alpha:.3}")) stroke-linejoin="round" {}
    }
}

fn colour(values: &[f64], row: usize) -> String {
    let (low, high) = extent(values);
    blend(if high > low {
        (values[row] - low) / (high - low)
    } else {
        0.5
    })
}

/// A colour on the scale, from 0 to 1.
fn blend(share: f64) -> String {
    let (from, to, t) = match share < 0.5 {
        true => (HUES[0], HUES[1], 2.0 * share),
        false => (HUES[1], HUES[2], 2.0 * share - 1.0),
    };
    let mixed = |channel: usize| (from[channel] + t * (to[channel] - from[channel])).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mixed(0), mixed(1), mixed(2))
}

fn extent(values: &[f64]) -> (f64, f64) {
    let ends = (f64::INFINITY, f64::NEG_INFINITY);
    values
        .iter()
        .fold(ends, |(low, high), value| (low.min(*value), high.max(*value)))
}

fn legends(plot: &Ice<'_>) -> Markup {
    let Some(hue) = plot.hue else {
        return legend([("individuals", PALETTE[0], "none"), ("mean", INK, "7 4")]);
    };
    let (low, high) = extent(hue.values);
    let left = 190.0;
    let from = left + 16.0 + 7.0 * (hue.name.chars().count() + label(low).chars().count() + 1) as f64;
    html! {
        (legend([("mean", INK, "7 4")]))
        text x=(left) y="52.5" fill=(INK) { (printable(hue.name)) tspan dx="8" fill=(FAINT) { (label(low)) } }
        @for step in 0..16 {
            rect x=(number(from + 6.0 * f64::from(step))) y="43" width="6.2" height="10" fill=(blend(f64::from(step) / 15.0)) {}
        }
        text x=(number(from + 102.0)) y="52.5" fill=(FAINT) { (label(high)) }
    }
}
