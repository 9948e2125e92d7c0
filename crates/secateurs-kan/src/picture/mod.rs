//! A drawing of a network with the functions that it has learnt.

mod curves;
mod draw;
mod labels;
mod layout;

use burn::tensor::Tensor;
use secateurs_formula::visible_name;

use crate::layers::network::Kan;
use crate::scores::attribution::attribution;
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

/// What a drawing shows.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureConfig {
    /// Above the drawing; nothing if empty.
    pub title: String,
    /// `x1`, `x2`, .. if empty.
    pub input_names: Vec<String>,
    /// `y`, or `y1`, `y2`, .. if empty.
    pub output_names: Vec<String>,
    /// Edges in red besides those that are curves with a formula.
    pub symbolic: Vec<EdgeIndex>,
    /// Edges with lower scores than this many others are left out, and the drawing says how many.
    pub max_edges: usize,
    /// How fast edges become opaque with their scores.
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
    /// The same with a title.
    pub fn with_title(self, title: impl Into<String>) -> Self {
        let title = title.into();
        Self { title, ..self }
    }

    /// The same with names of the inputs.
    pub fn with_inputs<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        let input_names = names.into_iter().map(Into::into).collect();
        Self { input_names, ..self }
    }

    /// The same with names of the outputs.
    pub fn with_outputs<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        let output_names = names.into_iter().map(Into::into).collect();
        Self { output_names, ..self }
    }

    /// The same with more edges in red.
    pub fn with_symbolic(self, symbolic: Vec<EdgeIndex>) -> Self {
        Self { symbolic, ..self }
    }

    /// The same with another number of edges.
    pub fn with_max_edges(self, max_edges: usize) -> Self {
        Self { max_edges, ..self }
    }
}

/// Draws a network as SVG: inputs at the bottom, outputs at the top, and on every edge a box with its function.
///
/// A box shows `phi_{i,s}` between the least and the greatest value that its input has in `x`, scaled to its own range.
/// Edges fade with their importance: `alpha = tanh(beta * score)`, with scores from [`attribution`]; the faintest lines
/// keep an alpha of 0.06 and the faintest curves one of 0.3, so that they can be found. Pruned edges are absent. A dot
/// is a sum, a circled cross a product. Scores and ranges are in tooltips. Characters of names that XML does not know or that have no
/// glyph are escapes, as in [`visible_name`].
///
/// # Shapes
///
/// `x`: `[rows, d_input]`.
///
/// # Errors
///
/// If there are fewer than two rows, a value that flows is NaN or infinite, or there are names but not one for each
/// input or output.
///
/// # Examples
///
/// ```
/// # fn main() -> secateurs_kan::Result<()> {
/// use burn::tensor::Device;
/// use secateurs_kan::{BasisConfig, KanConfig, PictureConfig, picture};
///
/// let basis = BasisConfig::BSpline { degree: 3, n_intervals: 5 };
/// let kan = KanConfig::new([2, 1], basis)?.init(0, &Device::default());
/// let x = kan.tensor(&[-1.0, 0.0, 0.5, 1.0, 1.0, -0.5], 2)?;
/// let svg = picture(&kan, x, &PictureConfig::default().with_inputs(["age", "dose"]))?;
/// assert_eq!(svg.matches(r#"class="curve""#).count(), 2);
/// # Ok(())
/// # }
/// ```
///
/// # References
///
/// The diagrams of Liu et al., *KAN: Kolmogorov-Arnold Networks*, 2024, section 2.5, arXiv:2404.19756. **Deviates:**
/// faint edges keep some ink, the least important edges of a large network can be left out, and boxes stand in several
/// rows where one would be too long.
pub fn picture(kan: &Kan, x: Tensor<2>, config: &PictureConfig) -> Result<String> {
    let names = Names {
        inputs: named(&config.input_names, ("names of inputs", "x", kan.d_input()))?,
        outputs: named(&config.output_names, ("names of outputs", "y", kan.d_output()))?,
    };
    let scores = attribution(kan, x.clone())?;
    let flow = curves::flow(kan, x, &curves::choose(kan, &scores.edges, config.max_edges))?;
    let layout = layout::Layout::new(kan, &flow, (&names, &config.title));
    let scene = draw::Scene {
        kan,
        flow: &flow,
        scores: &scores,
        layout: &layout,
        names: &names,
        config,
    };
    // Names and the title may hold anything; nothing else has characters that XML does not know.
    Ok(visible_name(&scene.svg()))
}

/// What is written at both ends.
struct Names {
    inputs: Vec<String>,
    outputs: Vec<String>,
}

/// The given names, or numbered letters.
fn named(given: &[String], (what, letter, count): (&'static str, &str, usize)) -> Result<Vec<String>> {
    match given.len() {
        0 if count == 1 && letter == "y" => Ok(vec![letter.to_owned()]),
        0 => Ok((1..=count).map(|number| format!("{letter}{number}")).collect()),
        got if got == count => Ok(given.to_vec()),
        got => Err(KanError::Length {
            what,
            expected: count,
            got,
        }),
    }
}
