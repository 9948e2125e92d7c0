//! What a spline is outside its knots.

/// What a spline is beyond its first and last interior knot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Beyond {
    /// The basis functions end where their knots do, so the spline falls to zero within `degree` intervals (as in pykan).
    #[default]
    Taper,
    /// Its value at the end, with slope zero.
    Clamp,
    /// Its tangent at the end.
    Linear,
}
