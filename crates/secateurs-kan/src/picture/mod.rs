//! A drawing of a network with the functions that it has learnt.

mod config;
mod curves;
mod draw;
mod labels;
mod layout;
mod nodes;

use burn::tensor::Tensor;

use self::config::Names;
use self::draw::Scene;
use self::layout::Layout;
use crate::Result;
use crate::layers::network::Kan;
use crate::scores::attribution::attribution;

pub use self::config::{EdgeIndex, PictureConfig};

/// Draws a network as SVG: inputs at the bottom, outputs at the top, and on every edge a box with its function.
///
/// A box shows `phi_{i,s}` between the least and the greatest value that its input has in `x`, scaled to its own range.
/// Edges fade with their importance: `alpha = tanh(beta * score)`, with scores from [`attribution`]; the faintest lines
/// keep an alpha of 0.06 and the faintest curves one of 0.3, so that they can be found. Pruned edges are absent. A dot
/// is a sum, a circled cross a product. Scores and ranges are in tooltips. Characters of names that XML does not know or that have no
/// glyph are replaced by ones that can be seen.
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
    let names = Names::new(kan, config)?;
    let scores = attribution(kan, x.clone())?;
    let flow = curves::flow(kan, x, &curves::choose(kan, &scores.edges, config.max_edges))?;
    let layout = Layout::new(kan, &flow, &names, &config.title);
    let scene = Scene {
        kan,
        flow: &flow,
        scores: &scores,
        layout: &layout,
        names: &names,
        config,
    };
    Ok(scene.draw())
}
