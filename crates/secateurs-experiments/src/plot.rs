//! Line charts as self-contained SVG: logarithmic or linear, readable in print, on a phone and without colour.

mod axis;
mod draw;
mod style;

use crate::outcome::{Group, Outcome, Row};

pub use axis::Scale;
pub use style::Role;

/// One point of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Position along the horizontal axis.
    pub x: f64,
    /// The number; `None` if it is not finite, which the chart says at its upper edge.
    pub y: Option<f64>,
    /// Half the length of the error bar.
    pub spread: Option<f64>,
}

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    name: String,
    role: Role,
    number: usize,
    points: Vec<Point>,
    level: Option<f64>,
}

impl Series {
    /// A line through `points`, sorted by `x`. Series with the same `number` share colour and marker.
    pub fn new(name: &str, role: Role, number: usize, mut points: Vec<Point>) -> Self {
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        Self {
            name: name.to_owned(),
            role,
            number,
            points,
            level: None,
        }
    }

    /// A number that does not depend on the horizontal axis: a line across the whole chart.
    pub fn level(name: &str, role: Role, number: usize, value: f64) -> Self {
        Self {
            name: name.to_owned(),
            role,
            number,
            points: Vec::new(),
            level: Some(value),
        }
    }
}

/// A line chart.
///
/// The vertical axis covers all methods; a control far beyond them is written out at the upper edge, because it would
/// press the methods into one line.
///
/// ```
/// use secateurs_experiments::plot::{LinePlot, Point, Role, Scale, Series};
///
/// let points = [(50.0, 7.3), (70.0, 45.0)].map(|(x, y)| Point { x, y: Some(y), spread: None });
/// let plot = LinePlot::new("wikitext2", "sparsity, %", "perplexity")
///     .y_scale(Scale::Log)
///     .series(Series::new("wanda", Role::Measured, 0, points.to_vec()));
/// assert!(plot.to_svg().starts_with("<svg"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LinePlot {
    title: String,
    x_label: String,
    y_label: String,
    x_scale: Scale,
    y_scale: Scale,
    series: Vec<Series>,
}

impl LinePlot {
    /// An empty chart with linear axes.
    pub fn new(title: &str, x_label: &str, y_label: &str) -> Self {
        Self {
            title: title.to_owned(),
            x_label: x_label.to_owned(),
            y_label: y_label.to_owned(),
            x_scale: Scale::Linear,
            y_scale: Scale::Linear,
            series: Vec::new(),
        }
    }

    /// Sets the spacing of the horizontal axis; a logarithmic one needs positive positions.
    pub fn x_scale(mut self, scale: Scale) -> Self {
        self.x_scale = scale;
        self
    }

    /// Sets the spacing of the vertical axis.
    pub fn y_scale(mut self, scale: Scale) -> Self {
        self.y_scale = scale;
        self
    }

    /// Adds a line.
    pub fn series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// The chart of one group of rows: methods solid, their numbers in the paper dashed, controls grey.
    ///
    /// `methods` fixes each method's colour, so that it is the same in all charts of a claim
    /// ([`Outcome::methods`]). Rows without a numeric `axis` become lines across the chart. A `sparsity` axis is shown in percent.
    pub fn of_group(group: &Group<'_>, axis: &str, methods: &[&str]) -> Self {
        let title = if group.setting.is_empty() {
            group.metric
        } else {
            &group.setting
        };
        let (label, factor) = if axis == "sparsity" {
            ("sparsity, %", 100.0)
        } else {
            (axis, 1.0)
        };
        let mut plot = Self::new(title, label, group.metric);
        for (number, method) in methods.iter().enumerate() {
            for role in [Role::Control, Role::Measured, Role::Paper] {
                let rows = if role == Role::Paper { &group.paper } else { &group.ours };
                let chosen = |row: &&&Row| {
                    row.method() == *method && (role == Role::Paper || row.is_control() == (role == Role::Control))
                };
                let rows: Vec<&Row> = rows.iter().filter(chosen).copied().collect();
                plot.series.extend(series_of(&rows, role, number, (axis, factor)));
            }
        }
        plot
    }

    /// The chart as an SVG document that needs no style sheet and no fonts; it brings its own light background.
    pub fn to_svg(&self) -> String {
        draw::svg(self)
    }
}

/// Draws every group of `outcome` along `axis` that has at least two positions: pairs of a file name and an SVG.
pub fn plots(outcome: &Outcome, axis: &str, y_scale: Scale) -> Vec<(String, String)> {
    let methods = outcome.methods();
    let groups = outcome.groups_along(axis);
    let worth_a_line = groups.iter().filter(|group| positions(group, axis) > 1);
    worth_a_line
        .map(|group| {
            let plot = LinePlot::of_group(group, axis, &methods).y_scale(y_scale);
            (group.file_name(), plot.to_svg())
        })
        .collect()
}

/// A line through the rows that have the axis, and a level for each that does not.
fn series_of(rows: &[&Row], role: Role, number: usize, (axis, factor): (&str, f64)) -> Vec<Series> {
    let Some(method) = rows.first().map(|row| row.method()) else {
        return Vec::new();
    };
    let name = if role == Role::Paper {
        format!("{method} (paper)")
    } else {
        method.to_owned()
    };
    let point = |row: &&Row| {
        Some(Point {
            x: row.number(axis)? * factor,
            y: row.value(),
            spread: row.spread_value(),
        })
    };
    let points: Vec<Point> = rows.iter().filter_map(point).collect();
    let levels = rows
        .iter()
        .filter(|row| row.number(axis).is_none())
        .filter_map(|row| row.value());
    let mut series: Vec<Series> = levels.map(|value| Series::level(&name, role, number, value)).collect();
    if !points.is_empty() {
        series.push(Series::new(&name, role, number, points));
    }
    series
}

fn positions(group: &Group<'_>, axis: &str) -> usize {
    let mut positions: Vec<f64> = group.ours.iter().filter_map(|row| row.number(axis)).collect();
    positions.sort_by(f64::total_cmp);
    positions.dedup();
    positions.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Tier;

    fn outcome() -> Outcome {
        let mut outcome = Outcome::new("layerwise", Tier::Quick, "flex");
        let row = |method: &str, sparsity: f64, value: f64| {
            Row::new(method, "perplexity <log> & \"more\"", value).case("sparsity", sparsity)
        };
        outcome.rows = vec![
            Row::new("dense", "perplexity <log> & \"more\"", 18.0).control(),
            row("wanda", 0.5, 21.0).spread(0.4),
            row("wanda", 0.6, 40.0),
            row("random", 0.5, 9e4).control(),
            row("random", 0.6, f64::INFINITY).control(),
        ];
        outcome.paper = vec![row("wanda", 0.5, 7.26)];
        outcome
    }

    fn texts(svg: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(svg).expect("the SVG is well-formed");
        let texts = document
            .descendants()
            .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")));
        texts.filter_map(|node| node.text().map(str::to_owned)).collect()
    }

    #[test]
    fn charts_are_well_formed_whatever_the_labels_hold() {
        let outcome = outcome();
        let drawn = plots(&outcome, "sparsity", Scale::Log);
        assert_eq!(drawn.len(), 1);
        let texts = texts(&drawn[0].1);
        for expected in [
            "perplexity <log> & \"more\"",
            "wanda",
            "wanda (paper)",
            "random",
            "dense",
            "50",
            "60",
            "random ∞",
            "random ↑ 90000",
        ] {
            assert!(
                texts.iter().any(|text| text == expected),
                "{expected} is missing in {texts:?}"
            );
        }
    }

    #[test]
    fn a_single_position_is_no_line() {
        let mut outcome = outcome();
        outcome.rows.retain(|row| row.number("sparsity") != Some(0.6));
        assert!(plots(&outcome, "sparsity", Scale::Log).is_empty());
    }

    #[test]
    fn an_empty_chart_is_still_a_picture() {
        assert_eq!(texts(&LinePlot::new("empty", "x", "y").to_svg())[0], "empty");
    }

    #[test]
    fn on_a_logarithmic_axis_equal_ratios_are_equally_far_apart() {
        let points = [4.0, 16.0, 64.0].map(|x| Point {
            x,
            y: Some(x),
            spread: None,
        });
        let series = Series::new("a", Role::Measured, 0, points.to_vec());
        let svg = LinePlot::new("t", "x", "y").x_scale(Scale::Log).series(series).to_svg();
        let document = roxmltree::Document::parse(&svg).expect("the SVG is well-formed");
        let place = |label: &str| -> f64 {
            let mut texts = document.descendants().filter(|node| node.text() == Some(label));
            // Ticks below the chart come after those beside it.
            let tick = texts.rfind(|node| node.attribute("text-anchor") == Some("middle"));
            let x = tick.and_then(|node| node.attribute("x")).expect("it has a tick");
            x.parse().expect("it is a number")
        };
        let [a, b, c] = ["4", "16", "64"].map(place);
        assert!((b - a - (c - b)).abs() < 0.2 && b > a, "{a} {b} {c}");
    }

    #[test]
    fn no_coordinate_is_undefined() {
        let points = [(0.0, Some(0.0)), (1.0, Some(-3.0)), (2.0, None)].map(|(x, y)| Point {
            x,
            y,
            spread: Some(5.0),
        });
        let series = Series::new("a", Role::Measured, 0, points.to_vec());
        let svg = LinePlot::new("t", "x", "y").y_scale(Scale::Log).series(series).to_svg();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
