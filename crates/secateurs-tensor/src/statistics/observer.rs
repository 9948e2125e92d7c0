//! The seam between a model's forward pass and the statistics that are taken from it.

use burn::tensor::Tensor;

/// Receives the inputs of linears and convolutions while a model runs.
///
/// A model calls [`observe`](Self::observe) once per *site*: the linears that read the same tensor (query, key and
/// value; gate and up) share one call, so their statistics are computed once. `()` ignores everything.
pub trait Observer {
    /// Takes note of `inputs`, of shape `[n_tokens, d_input]`, that feed every weight named in `paths`; the inputs of a
    /// convolution are its [`conv_patches`](crate::conv_patches).
    fn observe(&mut self, paths: &[&str], inputs: &Tensor<2>);
}

impl Observer for () {
    fn observe(&mut self, _paths: &[&str], _inputs: &Tensor<2>) {}
}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn observe(&mut self, paths: &[&str], inputs: &Tensor<2>) {
        (**self).observe(paths, inputs);
    }
}
