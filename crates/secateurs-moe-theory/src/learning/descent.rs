//! The loop of both trainings: a gradient on a fresh batch, a step, and records.

use crate::error::{Result, at_least_one};
use crate::learning::course::{Course, Record};
use crate::learning::gradient::Gradient;
use crate::learning::teacher_batches::TeacherBatches;
use crate::mixture::Mixture;

/// A training.
pub(crate) struct Descent<'a> {
    pub(crate) batches: TeacherBatches<'a>,
    pub(crate) steps: usize,
    pub(crate) record_every: usize,
}

impl Descent<'_> {
    /// Applies `update` to the student and the gradient of each batch. The loss of a batch is recorded before it is trained
    /// on; the last record is of a batch that is not trained on.
    pub(crate) fn run(
        &self,
        mut student: Mixture,
        update: impl Fn(&mut Mixture, &Gradient),
        progress: &mut dyn FnMut(&Record),
    ) -> Result<(Mixture, Course)> {
        self.batches.check(&student)?;
        at_least_one("record_every", self.record_every)?;
        let teacher = self.batches.teacher;
        let mut course = Course {
            n_teachers: teacher.n_experts(),
            records: Vec::new(),
        };
        for step in 0..=self.steps {
            let gradient = self.batches.gradient(&student, step)?;
            if step % self.record_every == 0 || step == self.steps {
                let record = Record::new(step, gradient.loss, &student, teacher);
                progress(&record);
                course.records.push(record);
            }
            if step < self.steps {
                update(&mut student, &gradient);
            }
        }
        Ok((student, course))
    }
}

/// Takes a step: `values -= rate * gradient`.
pub(crate) fn descend(values: &mut [f64], gradient: &[f64], rate: f64) {
    let steps = values.iter_mut().zip(gradient);
    steps.for_each(|(value, slope)| *value -= rate * slope);
}
