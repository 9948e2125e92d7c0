//! Edges with formulas in the form of files.

use secateurs_formula::Shape;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::symbolic::edges::SymbolicEdge;

#[derive(Serialize, Deserialize)]
#[serde(remote = "SymbolicEdge", deny_unknown_fields)]
struct EdgeNames {
    input: usize,
    subnode: usize,
    shape: Shape,
}

#[derive(Serialize, Deserialize)]
struct Named(#[serde(with = "EdgeNames")] SymbolicEdge);

pub(super) fn serialize<S: Serializer>(edges: &[SymbolicEdge], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(edges.iter().map(|edge| Named(*edge)))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SymbolicEdge>, D::Error> {
    let named = Vec::<Named>::deserialize(deserializer)?;
    Ok(named.into_iter().map(|Named(edge)| edge).collect())
}
