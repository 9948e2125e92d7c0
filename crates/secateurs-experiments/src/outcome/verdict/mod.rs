//! Verdicts: the question of a claim, the decision that its rows allow, and the words for it.

mod answer;
mod band;
mod decide;
mod question;

pub use answer::{Answer, Better, Conclusion};
pub use band::Band;
pub use question::Question;
