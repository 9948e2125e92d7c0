//! Jobs on the files of language models.

mod engine;
mod options;
mod plans;
mod tiny;
mod traces;
