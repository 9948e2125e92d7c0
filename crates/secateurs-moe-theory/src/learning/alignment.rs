//! Alignment: the teachers that a student has found.

use serde::{Deserialize, Serialize};

use crate::error::{Result, same_size};
use crate::matrix::cosine;
use crate::mixture::Mixture;

/// Least cosine with a teacher's expert at which the student's expert has found it.
pub const ALIGNED: f64 = 0.95;

/// The nearest expert of the student, with its router, for each teacher.
///
/// The student has succeeded if every teacher has an expert with `|cos(w, w*)| >=` [`ALIGNED`]. The sign does not matter:
/// `He3` is odd, and a negative weight makes up for it. That of a router does. No expert can serve two teachers, which are
/// orthogonal.
///
/// # Examples
///
/// ```
/// use secateurs_moe_theory::{Alignment, Mixture};
///
/// let teacher = Mixture::teacher(2, 10, 0)?;
/// let itself = Alignment::new(&teacher, &teacher)?;
/// assert!(itself.is_success() && itself.pairs[1].expert_number == 1 && itself.pairs[1].router > 0.999);
/// let other = Alignment::new(&Mixture::student(1, 10, 0)?, &teacher)?;
/// assert!(!other.is_success());
/// # Ok::<(), secateurs_moe_theory::TheoryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alignment {
    /// Matches, one for each teacher.
    pub pairs: Vec<Pair>,
}

/// A teacher with the nearest expert.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The expert of the student.
    pub expert_number: usize,
    /// Cosine of the experts, `|cos(w, w*)|`.
    pub expert: f64,
    /// Cosine of their routers, `cos(v, v*)`.
    pub router: f64,
}

impl Alignment {
    /// The alignment of a student with its teacher; among equally near experts the first counts.
    ///
    /// # Errors
    ///
    /// If they have different numbers of dimensions.
    pub fn new(student: &Mixture, teacher: &Mixture) -> Result<Self> {
        same_size(
            "dimensions of the student, as of the teacher",
            teacher.d_input(),
            student.d_input(),
        )?;
        let pairs = (0..teacher.n_experts()).map(|j| {
            let near = |i: usize| cosine(student.expert(i), teacher.expert(j)).abs();
            let nearest = (1..student.n_experts()).fold(0, |best, i| if near(i) > near(best) { i } else { best });
            Pair {
                expert_number: nearest,
                expert: near(nearest),
                router: cosine(student.router(nearest), teacher.router(j)),
            }
        });
        Ok(Self { pairs: pairs.collect() })
    }

    /// Whether every teacher has been found.
    pub fn is_success(&self) -> bool {
        self.n_found() == self.pairs.len()
    }

    /// Number of teachers that have been found.
    pub fn n_found(&self) -> usize {
        self.pairs.iter().filter(|pair| pair.expert >= ALIGNED).count()
    }
}
