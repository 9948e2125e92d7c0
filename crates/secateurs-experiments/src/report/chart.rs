//! Charts of the rows of an outcome.

use secateurs_chart::{LinePlot, Point, Role, Scale, Series};

use super::words::{name_axis, name_metric, title_along};
use crate::outcome::{Answer, ChartEntry, ChartRank, Group, Outcome, Row};

/// A chart with its place in the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Name of the file, title and rank.
    pub entry: ChartEntry,
    /// An SVG document.
    pub svg: String,
}

impl Chart {
    /// A folded drawing under the name of its file, without its ending; the name is its title until it is given one.
    pub fn new(name: impl Into<String>, svg: String) -> Self {
        let name = name.into();
        let entry = ChartEntry {
            title: name.clone(),
            name,
            rank: ChartRank::Detail,
        };
        Self { entry, svg }
    }

    /// Says the point of the chart in one sentence.
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.entry.title = title.into();
        self
    }

    /// Takes the numbers that answer the first question of a claim for the title; unchanged if they are not there.
    pub fn titled_by_answer(self, outcome: &Outcome) -> Self {
        match outcome.answers.first().and_then(Answer::numbers) {
            Some(numbers) => self.titled(numbers),
            None => self,
        }
    }

    /// Makes it the chart that shows the point of its claim.
    pub fn headline(mut self) -> Self {
        self.entry.rank = ChartRank::Headline;
        self
    }
}

/// Charts every group of `outcome` along `axis` that has at least two positions.
///
/// On a logarithmic axis, where numbers explode, the range that decides is shown and what lies far above it is named.
pub fn charts_along(outcome: &Outcome, axis: &str, y_scale: Scale) -> Vec<Chart> {
    let methods = outcome.methods();
    let groups = outcome.groups_along(axis);
    let worth_a_line = groups.iter().filter(|group| count_positions(group, axis) > 1);
    let chart = |group: &Group<'_>| {
        let plot = plot_group(group, axis, &methods).y_scale(y_scale);
        let plot = if y_scale == Scale::Log { plot.focus() } else { plot };
        Chart::new(group.file_name(), plot.to_svg()).titled(title_group(group, axis))
    };
    worth_a_line.map(chart).collect()
}

/// Plots one group of rows: methods solid, their numbers in the paper dashed, controls grey.
///
/// `methods` fixes each method's colour, so that it is the same in all charts of a claim
/// ([`Outcome::methods`]). Rows without a numeric `axis` become lines across the chart. Shares are shown in percent.
/// The chart says whether its error bars are deviations or standard errors.
pub fn plot_group(group: &Group<'_>, axis: &str, methods: &[&str]) -> LinePlot {
    let along = Along::new(group.metric, axis);
    let (y_label, _) = name_metric(group.metric);
    let mut plot = LinePlot::new(&title_group(group, axis), &along.label, &y_label).bars(&name_bars(group));
    for (number, method) in methods.iter().enumerate() {
        for role in [Role::Control, Role::Measured, Role::Paper] {
            let rows = rows_of(group, method, role);
            for series in along.series(&rows, role, number) {
                plot = plot.series(series);
            }
        }
    }
    plot
}

fn title_group(group: &Group<'_>, axis: &str) -> String {
    let mut rows = group.ours.iter().chain(&group.paper);
    title_along(group.metric, axis, rows.next().copied())
}

fn rows_of<'a>(group: &Group<'a>, method: &str, role: Role) -> Vec<&'a Row> {
    let rows = if role == Role::Paper { &group.paper } else { &group.ours };
    let is_chosen =
        |row: &Row| row.method() == method && (role == Role::Paper || row.is_control() == (role == Role::Control));
    rows.iter().copied().filter(|row| is_chosen(row)).collect()
}

/// The kinds of spread in a group, in words.
fn name_bars(group: &Group<'_>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for spread in group.ours.iter().chain(&group.paper).filter_map(|row| row.spread()) {
        if !names.contains(&spread.name()) {
            names.push(spread.name());
        }
    }
    names.join(" or ")
}

/// A key of rows as a horizontal axis, and a metric along it.
struct Along<'a> {
    key: &'a str,
    label: String,
    x_factor: f64,
    y_factor: f64,
}

impl<'a> Along<'a> {
    fn new(metric: &str, key: &'a str) -> Self {
        let (label, x_factor) = name_axis(key);
        let (_, y_factor) = name_metric(metric);
        Self {
            key,
            label,
            x_factor,
            y_factor,
        }
    }

    /// A line through the rows that have the key, and a level for each that does not.
    fn series(&self, rows: &[&Row], role: Role, number: usize) -> Vec<Series> {
        let Some(method) = rows.first().map(|row| row.method()) else {
            return Vec::new();
        };
        let name = if role == Role::Paper {
            format!("{method} (paper)")
        } else {
            method.to_owned()
        };
        let points: Vec<Point> = rows.iter().filter_map(|row| self.point(row)).collect();
        let levels = rows.iter().filter(|row| row.number(self.key).is_none());
        let levels = levels.filter_map(|row| Some(row.value()? * self.y_factor));
        let mut series: Vec<Series> = levels.map(|value| Series::level(&name, role, number, value)).collect();
        if !points.is_empty() {
            series.push(Series::new(&name, role, number, points));
        }
        series
    }

    fn point(&self, row: &Row) -> Option<Point> {
        Some(Point {
            x: row.number(self.key)? * self.x_factor,
            y: row.value().map(|value| value * self.y_factor),
            spread: row.spread().map(|spread| spread.size() * self.y_factor),
        })
    }
}

fn count_positions(group: &Group<'_>, axis: &str) -> usize {
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
            row("wanda", 0.5, 21.0).deviation(0.4),
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
        let drawn = charts_along(&outcome, "sparsity", Scale::Log);
        assert_eq!(drawn.len(), 1);
        let texts = texts(&drawn[0].svg);
        for expected in [
            "Perplexity <log> & \"more\" against sparsity",
            "perplexity <log> & \"more\"",
            "sparsity, % of weights",
            "wanda",
            "wanda (paper)",
            "dense",
            "50",
            "60",
            "random ↑ 90000, ∞",
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
        assert!(charts_along(&outcome, "sparsity", Scale::Log).is_empty());
    }

    #[test]
    fn error_bars_say_what_they_are() {
        let mut outcome = outcome();
        assert!(
            texts(&charts_along(&outcome, "sparsity", Scale::Log)[0].svg)
                .contains(&"bars: standard deviation".to_owned())
        );
        outcome.rows[1] = outcome.rows[1].clone().standard_error(0.4);
        assert!(
            texts(&charts_along(&outcome, "sparsity", Scale::Log)[0].svg).contains(&"bars: standard error".to_owned())
        );
    }
}
