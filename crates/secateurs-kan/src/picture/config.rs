//! Settings of a drawing, and names of its parts.

use secateurs_chart::make_printable;

use crate::layers::network::Kan;
use crate::{KanError, Result};

/// One edge of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeIndex {
    /// The layer.
    pub layer: usize,
    /// The input of the layer that it comes from.
    pub input: usize,
    /// The subnode of the layer that it leads to.
    pub subnode: usize,
}

/// Settings of a drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureConfig {
    /// Title above the drawing; nothing if empty.
    pub title: String,
    /// `x1`, `x2`, .. if empty.
    pub input_names: Vec<String>,
    /// `y`, or `y1`, `y2`, .. if empty.
    pub output_names: Vec<String>,
    /// Further edges in red; curves with a formula are red anyway.
    pub symbolic: Vec<EdgeIndex>,
    /// Edges with lower scores than this many others are left out, and the drawing says how many.
    pub max_edges: usize,
    /// Rate at which edges become opaque with their scores.
    pub beta: f64,
}

impl Default for PictureConfig {
    fn default() -> Self {
        Self {
            title: String::new(),
            input_names: Vec::new(),
            output_names: Vec::new(),
            symbolic: Vec::new(),
            max_edges: 100,
            beta: 3.0,
        }
    }
}

impl PictureConfig {
    /// Sets the title.
    pub fn with_title(self, title: impl Into<String>) -> Self {
        let title = title.into();
        Self { title, ..self }
    }

    /// Sets names of the inputs.
    pub fn with_inputs<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        let input_names = names.into_iter().map(Into::into).collect();
        Self { input_names, ..self }
    }

    /// Sets names of the outputs.
    pub fn with_outputs<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        let output_names = names.into_iter().map(Into::into).collect();
        Self { output_names, ..self }
    }

    /// Sets further edges that are red; curves with a formula are red anyway.
    pub fn with_symbolic(self, symbolic: Vec<EdgeIndex>) -> Self {
        Self { symbolic, ..self }
    }

    /// Sets how many edges are drawn at most.
    pub fn with_max_edges(self, max_edges: usize) -> Self {
        Self { max_edges, ..self }
    }
}

/// Names at both ends of a network.
pub(super) struct Names {
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
}

impl Names {
    /// The names given, or numbered letters where there are none.
    pub(super) fn new(kan: &Kan, config: &PictureConfig) -> Result<Self> {
        let (d_input, d_output) = (kan.d_input(), kan.d_output());
        let outputs = match d_output {
            1 => vec!["y".to_owned()],
            _ => number_letters("y", d_output),
        };
        Ok(Self {
            inputs: choose_names("names of inputs", &config.input_names, number_letters("x", d_input))?,
            outputs: choose_names("names of outputs", &config.output_names, outputs)?,
        })
    }
}

fn number_letters(letter: &str, count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("{letter}{number}")).collect()
}

fn choose_names(what: &'static str, given: &[String], usual: Vec<String>) -> Result<Vec<String>> {
    match given.len() {
        0 => Ok(usual),
        got if got == usual.len() => Ok(given.iter().map(|name| make_printable(name)).collect()),
        got => Err(KanError::Length {
            what,
            expected: usual.len(),
            got,
        }),
    }
}
