//! Jobs on the files of language models.

mod engine;
mod plans;
mod traces;
