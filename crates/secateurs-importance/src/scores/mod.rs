//! The scores of this crate, one per file.

pub(crate) mod fisher;
pub(crate) mod magnitude;
pub(crate) mod per_weight;
pub(crate) mod random;
pub(crate) mod ria;
pub(crate) mod taylor;
pub(crate) mod wanda;
pub(crate) mod wanda_plus_plus;
