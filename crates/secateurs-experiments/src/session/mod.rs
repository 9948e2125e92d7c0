//! Several claims in one run: each on its own, with progress and a line of result, and one table at the end.
//!
//! A claim that fails, panics or is interrupted leaves the others, a record of its failure, and the page.

mod count;
mod failing;
mod list;
mod run;
mod screen;
mod standing;
mod summary;
#[cfg(test)]
mod tests;
mod time;

pub use list::list_claims;
pub use run::Session;
pub use screen::{Detail, Screen};
