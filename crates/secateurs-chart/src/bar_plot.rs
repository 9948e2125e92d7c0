//! Charts with a line for each method: bars or dots, with intervals, values and lines of reference.

mod draw;

use crate::axis::Scale;
use crate::look::{Look, Role};

/// The shape of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// A dot, for numbers whose zero says nothing.
    #[default]
    Dot,
    /// A bar from zero, for sizes and speeds; the axis is linear.
    Bar,
}

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    name: String,
    role: Role,
    number: usize,
    value: Option<f64>,
    spread: Option<f64>,
}

impl Bar {
    /// A value of the `number`-th method, whose colour it has; one that is not finite is printed as ∞.
    pub fn new(name: &str, role: Role, number: usize, value: f64) -> Self {
        Self {
            name: name.to_owned(),
            role,
            number,
            value: Some(value).filter(|value| value.is_finite()),
            spread: None,
        }
    }

    /// Sets half the length of the interval.
    pub fn spread(self, spread: f64) -> Self {
        let spread = Some(spread).filter(|spread| spread.is_finite());
        Self { spread, ..self }
    }

    fn look(&self) -> Look {
        Look {
            role: self.role,
            number: self.number,
            has_marker: true,
        }
    }
}

/// A number across all lines, such as a paper's or the best control's.
#[derive(Debug, Clone, PartialEq)]
struct Reference {
    name: String,
    value: f64,
}

/// A chart with a line for each method.
///
/// ```
/// use secateurs_chart::{Bar, BarPlot, Role, Scale};
///
/// let plot = BarPlot::new("ELSA keeps the model alive at 90 %", "perplexity (lower is better)")
///     .scale(Scale::Log)
///     .bar(Bar::new("elsa", Role::Measured, 0, 57.3).spread(0.4))
///     .bar(Bar::new("magnitude", Role::Control, 1, 980.0))
///     .reference("dense", 49.2);
/// assert!(plot.to_svg().contains("57.30 ± 0.40"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BarPlot {
    title: String,
    label: String,
    scale: Scale,
    mark: Mark,
    spreads: String,
    bars: Vec<Bar>,
    references: Vec<Reference>,
}

impl BarPlot {
    /// An empty chart of dots on a linear axis with the name and unit `label`.
    pub fn new(title: &str, label: &str) -> Self {
        Self {
            title: title.to_owned(),
            label: label.to_owned(),
            scale: Scale::Linear,
            mark: Mark::Dot,
            spreads: String::new(),
            bars: Vec::new(),
            references: Vec::new(),
        }
    }

    /// Sets the spacing of the axis.
    pub fn scale(mut self, scale: Scale) -> Self {
        self.scale = scale;
        self
    }

    /// Sets the shape of the values; bars have a linear axis that shows zero.
    pub fn mark(mut self, mark: Mark) -> Self {
        self.mark = mark;
        self
    }

    /// Names the kind of the intervals, such as `standard error`, below the chart.
    pub fn spreads(mut self, what: &str) -> Self {
        self.spreads = what.to_owned();
        self
    }

    /// Adds a line below the others.
    pub fn bar(mut self, bar: Bar) -> Self {
        self.bars.push(bar);
        self
    }

    /// Adds a number across all lines; one that is not finite is left out.
    pub fn reference(mut self, name: &str, value: f64) -> Self {
        if value.is_finite() {
            self.references.push(Reference {
                name: name.to_owned(),
                value,
            });
        }
        self
    }

    /// The chart as an SVG document that needs nothing from elsewhere; it is light or dark as its reader prefers.
    pub fn to_svg(&self) -> String {
        draw::draw(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(svg: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(svg).expect("the SVG is well-formed");
        let texts = document.descendants().filter(|node| node.tag_name().name() == "text");
        texts.filter_map(|node| node.text().map(str::to_owned)).collect()
    }

    #[test]
    fn every_value_is_printed_and_references_are_named() {
        let plot = BarPlot::new("t", "perplexity")
            .scale(Scale::Log)
            .spreads("standard error")
            .bar(Bar::new("elsa", Role::Measured, 0, 57.25).spread(0.5))
            .bar(Bar::new("random", Role::Control, 1, 6.5e7))
            .bar(Bar::new("broken", Role::Control, 2, f64::INFINITY))
            .reference("dense", 49.2)
            .reference("paper", 50.0)
            .reference("none", f64::NAN);
        let texts = texts(&plot.to_svg());
        for expected in [
            "57.25 ± 0.50",
            "6.5e7",
            "∞",
            "dense 49.2",
            "paper 50",
            "intervals: standard error",
        ] {
            assert!(texts.iter().any(|text| text == expected), "{expected}: {texts:?}");
        }
    }

    #[test]
    fn bars_start_at_zero() {
        let plot = BarPlot::new("t", "speed")
            .mark(Mark::Bar)
            .bar(Bar::new("a", Role::Measured, 0, 5.0));
        assert!(texts(&plot.to_svg()).contains(&"0".to_owned()));
        assert!(plot.bar(Bar::new("b", Role::Measured, 1, -5.0)).to_svg().contains("−5"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn any_bars_give_a_document(
            bars in prop::collection::vec((".{0,40}", prop_oneof![any::<f64>(), 0.1..10.0f64], any::<f64>()), 0..12),
            is_log in any::<bool>(),
        ) {
            let scale = if is_log { Scale::Log } else { Scale::Linear };
            for mark in [Mark::Dot, Mark::Bar] {
                let mut plot = BarPlot::new("t", "x").scale(scale).mark(mark);
                for (number, (name, value, spread)) in bars.iter().enumerate() {
                    plot = plot.bar(Bar::new(name, Role::Control, number, *value).spread(*spread)).reference(name, *value);
                }
                let svg = plot.to_svg();
                roxmltree::Document::parse(&svg).map_err(|problem| TestCaseError::fail(format!("{problem}: {svg}")))?;
                let is_undefined = svg.split('"').any(|part| part.starts_with('M') && part.contains("NaN"));
                prop_assert!(!is_undefined, "{}", svg);
            }
        }
    }
}
