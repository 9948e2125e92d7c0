//! Continuations of a spline outside its knots.

/// The continuation of a spline outside its first and last interior knot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Beyond {
    /// The basis functions as they are: they end where their knots do, so the spline falls to zero within `degree`
    /// intervals (as in pykan).
    #[default]
    Taper,
    /// The value at the end, with slope zero.
    Clamp,
    /// The tangent at the end.
    Linear,
}
