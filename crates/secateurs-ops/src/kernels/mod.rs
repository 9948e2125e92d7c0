//! The loops of the operations, on slices and without burn.
//!
//! Every loop is ordinary safe Rust that the compiler vectorises; `vectorised!` compiles it once per instruction set
//! and picks one at run time. Matrix products are faer's.
#![cfg_attr(not(feature = "flex"), allow(dead_code))]

/// Defines functions whose body is compiled for each instruction set that `pulp` knows (AVX-512, AVX2, NEON, baseline)
/// and chosen at run time. References among the arguments carry the lifetime `'a`.
macro_rules! vectorised {
    ($($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {$(
        $(#[$meta])*
        $vis fn $name<'a>($($arg: $kind),*) $(-> $result)? {
            struct Body<'a> { $($arg: $kind),* }
            impl<'a> pulp::NullaryFnOnce for Body<'a> {
                type Output = vectorised!(@result $($result)?);
                #[inline(always)]
                fn call(self) -> Self::Output {
                    let Self { $($arg),* } = self;
                    $body
                }
            }
            pulp::Arch::new().dispatch(Body { $($arg),* })
        }
    )*};
    (@result) => { () };
    (@result $result:ty) => { $result };
}

pub(crate) mod attention;
pub(crate) mod attention_backward;
pub(crate) mod cross_entropy;
pub(crate) mod heads;
pub(crate) mod lanes;
pub(crate) mod linear_cross_entropy;
pub(crate) mod matmul;
pub(crate) mod real;
pub(crate) mod rms_norm;
pub(crate) mod rope;
pub(crate) mod scalar;
pub(crate) mod softmax;
pub(crate) mod spline;
pub(crate) mod swiglu;
