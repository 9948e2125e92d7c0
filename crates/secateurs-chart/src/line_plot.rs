//! Line charts: methods beside controls and the numbers of a paper.

mod draw;
mod outside;

use crate::axis::Scale;
use crate::look::{Look, Role};

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

impl Point {
    /// A point without an error bar; a number that is not finite is written at the upper edge.
    pub fn new(x: f64, y: f64) -> Self {
        Self {
            x,
            y: Some(y).filter(|y| y.is_finite()),
            spread: None,
        }
    }
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
    /// A line through `points`, sorted by `x`; those without a finite `x` are left out. `number` is that of the method, which keeps its colour
    /// in all charts; a line that would look like an earlier one of its chart takes the next free look.
    pub fn new(name: &str, role: Role, number: usize, mut points: Vec<Point>) -> Self {
        points.retain(|point| point.x.is_finite());
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

    fn look(&self) -> Look {
        Look {
            role: self.role,
            number: self.number,
            has_marker: self.level.is_none(),
        }
    }
}

/// A line chart.
///
/// Curves are named at their ends. The vertical axis covers all methods; a control far beyond them is told above the chart,
/// because it would press the methods into one line.
#[derive(Debug, Clone, PartialEq)]
pub struct LinePlot {
    title: String,
    x_label: String,
    y_label: String,
    x_scale: Scale,
    y_scale: Scale,
    bars: String,
    is_focused: bool,
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
            bars: String::new(),
            is_focused: false,
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

    /// Names the kind of the error bars, such as `standard error`, below the chart.
    pub fn bars(mut self, what: &str) -> Self {
        self.bars = what.to_owned();
        self
    }

    /// Leaves methods far above all others to the text above the chart too, so that the axis shows the range that decides.
    pub fn focus(mut self) -> Self {
        self.is_focused = true;
        self
    }

    /// Sets the title.
    pub fn title(mut self, title: &str) -> Self {
        title.clone_into(&mut self.title);
        self
    }

    /// Adds a line.
    pub fn series(mut self, series: Series) -> Self {
        self.series.push(series);
        self
    }

    /// The chart as an SVG document that needs nothing from elsewhere; it is light or dark as its reader prefers.
    pub fn to_svg(&self) -> String {
        draw::draw(self)
    }

    fn points(&self) -> impl Iterator<Item = &Point> {
        self.series.iter().flat_map(|series| &series.points)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(svg: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(svg).expect("the SVG is well-formed");
        let texts = document
            .descendants()
            .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")));
        texts.filter_map(|node| node.text().map(str::to_owned)).collect()
    }

    #[test]
    fn an_empty_chart_is_still_a_picture() {
        assert_eq!(texts(&LinePlot::new("empty", "x", "y").to_svg())[0], "empty");
    }

    #[test]
    fn labels_of_any_characters_are_text() {
        let label = "a < b & \"c\"\0\u{202e}";
        let series = Series::new(label, Role::Paper, 0, vec![Point::new(0.0, 1.0), Point::new(1.0, 2.0)]);
        let texts = texts(&LinePlot::new(label, label, label).series(series).to_svg());
        let shown = texts.iter().filter(|text| *text == "a < b & \"c\"\u{2400}\u{fffd}");
        assert_eq!(shown.count(), 4, "{texts:?}");
    }

    #[test]
    fn curves_beyond_the_axis_are_named_once() {
        let points = |last: f64| vec![Point::new(50.0, 9e4), Point::new(60.0, last)];
        let own = vec![Point::new(50.0, 21.0), Point::new(60.0, 40.0)];
        let plot = LinePlot::new("t", "x", "y")
            .y_scale(Scale::Log)
            .series(Series::new("wanda", Role::Measured, 0, own))
            .series(Series::new("random", Role::Control, 1, points(f64::INFINITY)));
        let texts = texts(&plot.to_svg());
        assert!(texts.contains(&"random ↑ 90000, ∞".to_owned()), "{texts:?}");
    }

    #[test]
    fn error_bars_say_what_they_are_where_there_are_any() {
        let point = |x: f64, spread: Option<f64>| Point {
            spread,
            ..Point::new(x, x)
        };
        let plot = |spread| {
            let points = vec![point(1.0, spread), point(2.0, None)];
            let series = Series::new("a", Role::Measured, 0, points);
            texts(
                &LinePlot::new("t", "x", "y")
                    .bars("standard error")
                    .series(series)
                    .to_svg(),
            )
        };
        let note = "bars: standard error".to_owned();
        assert!(plot(Some(0.1)).contains(&note) && !plot(None).contains(&note));
    }

    #[test]
    fn on_a_logarithmic_axis_equal_ratios_are_equally_far_apart() {
        let points = [4.0, 16.0, 64.0].map(|x| Point::new(x, x));
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

    /// Names of any characters, often special ones of XML or unknown to it.
    fn name() -> impl Strategy<Value = String> {
        let special: Vec<char> = "<>&\"'\0\u{1}\n\u{7f}\u{85}\u{202e}\u{fffe}]-!?/ ".chars().collect();
        let character = prop_oneof![2 => prop::sample::select(special), 1 => any::<char>()];
        prop::collection::vec(character, 0..30).prop_map(|characters| characters.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn any_labels_and_numbers_give_a_document(
            names in prop::collection::vec(name(), 1..14),
            values in prop::collection::vec(prop_oneof![any::<f64>(), 0.0..100.0f64], 14 * 4),
            is_log in any::<bool>(),
        ) {
            let scale = if is_log { Scale::Log } else { Scale::Linear };
            let mut plot = LinePlot::new(&names[0], &names[0], &names[0]).y_scale(scale).focus();
            for (number, name) in names.iter().enumerate() {
                let role = [Role::Measured, Role::Control, Role::Paper][number % 3];
                let points = values[4 * number..][..4].iter().enumerate().map(|(x, y)| Point::new(x as f64, *y));
                plot = plot.series(Series::new(name, role, number / 2, points.collect()));
            }
            let svg = plot.to_svg();
            roxmltree::Document::parse(&svg).map_err(|problem| TestCaseError::fail(format!("{problem}: {svg}")))?;
            let is_undefined = svg.split('"').any(|part| part.starts_with('M') && part.contains("NaN"));
            prop_assert!(!is_undefined, "{}", svg);
        }
    }
}
