//! Jobs on the files of language models.

mod costs;
mod engine;
mod families;
mod gradient_methods;
mod options;
mod plans;
mod tiny;
mod traces;
