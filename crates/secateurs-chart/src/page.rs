//! The sheet that everything is drawn on.

use maud::{Markup, html};

use crate::frame::FRAME_LEFT;
use crate::number::coordinate;
use crate::palette::{INK, PAPER};
use crate::place::Place;
use crate::text::make_printable;

/// Baseline of the title.
pub(crate) const TITLE_BASELINE: f64 = 28.0;

/// Size of a drawing with two axes, in its own units; it scales to the page that shows it.
const CHART_WIDTH: f64 = 640.0;
const CHART_HEIGHT: f64 = 470.0;

/// A white sheet with a title.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    title: String,
    label: String,
    width: f64,
    height: f64,
    title_left: f64,
    has_natural_size: bool,
}

impl Page {
    /// A sheet of a size in its own units; it scales to the place that shows it.
    pub fn new(title: &str, width: f64, height: f64) -> Self {
        let title = make_printable(title);
        Self {
            label: title.clone(),
            title,
            width,
            height,
            title_left: FRAME_LEFT,
            has_natural_size: false,
        }
    }

    /// A sheet of the size of a chart with two axes.
    pub fn chart(title: &str) -> Self {
        Self::new(title, CHART_WIDTH, CHART_HEIGHT)
    }

    /// Sets the text for readers who cannot see the drawing, which is the title unless it is empty.
    pub fn label_if_untitled(mut self, label: &str) -> Self {
        if self.title.is_empty() {
            self.label = make_printable(label);
        }
        self
    }

    /// Sets the left edge of the title.
    pub fn title_left(self, title_left: f64) -> Self {
        Self { title_left, ..self }
    }

    /// Keeps one unit at one pixel unless a style sheet says otherwise.
    pub fn natural_size(self) -> Self {
        Self {
            has_natural_size: true,
            ..self
        }
    }

    /// The sheet with what is drawn on it, as an SVG document that needs no style sheet and no fonts.
    pub fn draw(&self, inside: Markup) -> String {
        let (width, height) = (coordinate(self.width), coordinate(self.height));
        let natural = |length: &str| self.has_natural_size.then(|| length.to_owned());
        let title = Place::new(self.title_left, TITLE_BASELINE);
        html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (width) " " (height) } width=[natural(&width)]
                height=[natural(&height)] role="img" aria-label=(self.label)
                font-family="system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif" font-size="13" {
                rect width=(width) height=(height) rx="8" fill=(PAPER) {}
                @if !self.title.is_empty() {
                    text class="title" x=(title.x) y=(title.y) font-size="16" font-weight="600" fill=(INK) { (self.title) }
                }
                (inside)
            }
        }
        .into_string()
    }
}
