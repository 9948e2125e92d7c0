//! The sheet that everything is drawn on.

use maud::{Markup, PreEscaped, html};

use crate::number::coordinate;
use crate::palette::{FAINT, INK, PAPER, dark_style};
use crate::text::{estimate_width, make_printable, wrap};

/// Left and right margin of a sheet.
pub const MARGIN: f64 = 16.0;
/// Width of a chart in its own units: small enough that its text can be read on a phone.
pub const CHART_WIDTH: f64 = 560.0;

const TITLE_LINE: f64 = 20.0;
/// Letters of a title are larger and bolder than names.
const TITLE_SIZE: f64 = 1.3;
/// A title of more lines goes on beyond the last.
const MOST_TITLE_LINES: usize = 4;

/// A sheet with a title, light or dark as the reader prefers.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    title: String,
    label: String,
    description: String,
    width: f64,
    has_natural_size: bool,
}

impl Page {
    /// A sheet of a width in its own units; it scales to the place that shows it.
    pub fn new(title: &str, width: f64) -> Self {
        let title = make_printable(title);
        Self {
            label: title.clone(),
            title,
            description: String::new(),
            width,
            has_natural_size: false,
        }
    }

    /// Sets the text for readers who cannot see the drawing, which is the title unless it is empty.
    pub fn label_if_untitled(mut self, label: &str) -> Self {
        if self.title.is_empty() {
            self.label = make_printable(label);
        }
        self
    }

    /// Sets the contents in words, for readers who cannot see the drawing.
    pub fn description(self, description: &str) -> Self {
        Self {
            description: make_printable(description),
            ..self
        }
    }

    /// Keeps one unit at one pixel unless a style sheet says otherwise.
    pub fn natural_size(self) -> Self {
        Self {
            has_natural_size: true,
            ..self
        }
    }

    /// Lower edge of the title.
    pub fn top(&self) -> f64 {
        match self.title_lines().len() {
            0 => 8.0,
            lines => 12.0 + lines as f64 * TITLE_LINE,
        }
    }

    /// Writes the sheet with a drawing on it as an SVG document that needs no style sheet, script or font from elsewhere.
    pub fn draw(&self, height: f64, inside: Markup) -> String {
        let (width, height) = (coordinate(self.width), coordinate(height));
        let natural = |length: &str| self.has_natural_size.then(|| length.to_owned());
        let body = html! {
            rect class="paper" width=(width) height=(height) rx="8" fill=(PAPER) {}
            (self.draw_title())
            (inside)
        };
        let style = dark_style(&body.0);
        html! {
            svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox={ "0 0 " (width) " " (height) } width=[natural(&width)]
                height=[natural(&height)] role="img"
                font-family="system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif" font-size="13" {
                title { (self.label) }
                @if !self.description.is_empty() { desc { (self.description) } }
                style { (PreEscaped(style)) }
                (body)
            }
        }
        .into_string()
    }

    fn title_lines(&self) -> Vec<String> {
        if self.title.is_empty() {
            return Vec::new();
        }
        let mut lines = wrap(&self.title, (self.width - 2.0 * MARGIN) / TITLE_SIZE);
        let rest = lines.split_off(lines.len().min(MOST_TITLE_LINES));
        if let Some(last) = lines.last_mut() {
            rest.iter().for_each(|line| last.push_str(&format!(" {line}")));
        }
        lines
    }

    fn draw_title(&self) -> Markup {
        let lines = self.title_lines();
        let baseline = |line: usize| coordinate(26.0 + TITLE_LINE * line as f64);
        html! {
            @if let [line] = &lines[..] {
                text class="title" x=(MARGIN) y=(baseline(0)) font-size="16" font-weight="600" fill=(INK) { (line) }
            } @else if !lines.is_empty() {
                text class="title" font-size="16" font-weight="600" fill=(INK) {
                    @for (number, line) in lines.iter().enumerate() { tspan x=(MARGIN) y=(baseline(number)) { (line) " " } }
                }
            }
        }
    }
}

/// Height of a note below a chart.
pub(crate) const NOTE_HEIGHT: f64 = 20.0;

/// A small text below a chart that would end at `top`.
pub(crate) fn draw_note(text: &str, top: f64) -> Markup {
    html! { text x=(MARGIN) y=(coordinate(top + 8.0)) font-size="11.5" fill=(FAINT) { (make_printable(text)) } }
}

/// Width that a sheet needs for the longest word of a title.
pub fn least_width(title: &str) -> f64 {
    let words = title.split(' ').map(estimate_width);
    2.0 * MARGIN + TITLE_SIZE * words.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_titles_go_on_in_more_lines() {
        let short = Page::new("short", 400.0);
        let long = Page::new("a title that is a sentence and says what is to be seen", 400.0);
        assert!(long.top() > short.top());
        let svg = long.draw(100.0, html! {});
        assert!(svg.contains("<title>a title that is a sentence and says what is to be seen</title>"));
        assert_eq!(svg.matches("<tspan").count(), 2);
        assert_eq!(Page::new("", 400.0).top(), 8.0);
    }

    #[test]
    fn a_sheet_has_a_dark_form_and_loads_nothing() {
        let svg = Page::new("t", 400.0).draw(100.0, html! { path stroke=(INK) {} });
        assert!(svg.contains("prefers-color-scheme:dark") && svg.contains("[stroke=\"#1f2328\"]"));
        assert!(!svg.contains("url(") && !svg.contains("href") && !svg.contains("<script"));
        roxmltree::Document::parse(&svg).expect("the SVG is well-formed");
    }
}
