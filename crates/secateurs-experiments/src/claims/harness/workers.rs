//! Cells made side by side, for work that is too small to share threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};

use secateurs_terminal::{CaughtPanic, catch_panic};

use super::setting::Backend;
use crate::ExperimentError;
use crate::outcome::Tier;

/// The order in which the cells of a claim are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// One after another, each with all threads: for cells that measure time or memory.
    InTurn,
    /// One cell per processor at a time, each with one thread: for cells too small to share threads. In turn on a
    /// graphics card.
    SideBySide,
}

impl Order {
    /// The order of cells that measure time or memory beside quality: the quick tier has no time for that, and must not report
    /// either.
    pub fn of_timed(tier: Tier) -> Self {
        match tier {
            Tier::Quick => Self::SideBySide,
            Tier::Standard | Tier::Full => Self::InTurn,
        }
    }
}

/// The results of `make` for each job, in the order of the jobs: as many at once as there are threads, each on one.
///
/// A graphics card is given one job after another.
///
/// # Errors
///
/// The first error in the order of time. No job is begun after it; those under way are finished.
///
/// # Panics
///
/// If a job panics, with its message and place.
pub(super) fn work_side_by_side<J: Sync, T: Send>(
    backend: Backend,
    jobs: &[J],
    make: impl Fn(&J) -> Result<T, ExperimentError> + Sync,
) -> Result<Vec<T>, ExperimentError> {
    let n_workers = rayon::current_num_threads().min(jobs.len());
    if backend.is_gpu() || n_workers < 2 {
        return jobs.iter().map(make).collect();
    }
    let next = AtomicUsize::new(0);
    let panicked: Mutex<Option<CaughtPanic>> = Mutex::new(None);
    let work = |done: &mpsc::Sender<Result<(usize, T), ExperimentError>>| {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(number) else { return };
            let made = match catch_panic(|| make(job)) {
                Ok(made) => made.map(|made| (number, made)),
                Err(panic) => {
                    next.store(jobs.len(), Ordering::Relaxed);
                    panicked
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .get_or_insert(panic);
                    return;
                }
            };
            if made.is_err() {
                next.store(jobs.len(), Ordering::Relaxed);
            }
            // Nobody listens after an error.
            if done.send(made).is_err() {
                return;
            }
        }
    };
    let made = std::thread::scope(|scope| {
        let (done, results) = mpsc::channel();
        for _ in 0..n_workers {
            let (done, work) = (done.clone(), &work);
            // A pool of its own: a job that waits for the common one would begin another meanwhile.
            scope.spawn(move || {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
                pool.expect("a thread can be started").install(|| work(&done));
            });
        }
        drop(done);
        results.into_iter().collect::<Result<Vec<_>, _>>()
    });
    if let Some(panic) = panicked.into_inner().unwrap_or_else(PoisonError::into_inner) {
        std::panic::resume_unwind(Box::new(panic));
    }
    let mut made = made?;
    made.sort_by_key(|(job, _)| *job);
    Ok(made.into_iter().map(|(_, made)| made).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_have_the_order_of_the_jobs_and_threads_of_their_own() {
        let jobs: Vec<usize> = (0..40).collect();
        let make = |job: &usize| {
            // The first ones end last.
            std::thread::sleep(std::time::Duration::from_millis(20 / (*job as u64 + 1)));
            Ok((2 * job, rayon::current_num_threads()))
        };
        let made = work_side_by_side(Backend::Flex, &jobs, make).unwrap();
        let doubled: Vec<usize> = made.iter().map(|(value, _)| *value).collect();
        assert_eq!(doubled, (0..40).map(|job| 2 * job).collect::<Vec<_>>());
        assert!(made.iter().all(|(_, threads)| *threads == 1));
        let none = work_side_by_side(Backend::Flex, &[], |job: &usize| Ok(*job)).unwrap();
        assert!(none.is_empty());
    }

    #[test]
    fn a_panic_of_a_job_keeps_its_message() {
        let jobs: Vec<usize> = (0..8).collect();
        let make = |job: &usize| {
            assert!(*job != 3, "three is not wanted");
            Ok(*job)
        };
        let caught = catch_panic(|| work_side_by_side(Backend::Flex, &jobs, make));
        let line = caught.expect_err("it panics").to_string();
        assert!(line.starts_with("three is not wanted at "), "{line}");
    }

    #[test]
    fn an_error_ends_the_rest() {
        let begun = AtomicUsize::new(0);
        let jobs: Vec<usize> = (0..1000).collect();
        let make = |job: &usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_millis(1));
            if *job == 3 {
                return Err(ExperimentError::MissingNovel { name: "three".into() });
            }
            Ok(*job)
        };
        let error = work_side_by_side(Backend::Flex, &jobs, make).unwrap_err();
        assert!(matches!(error, ExperimentError::MissingNovel { .. }));
        let begun = begun.into_inner();
        assert!(begun < 4 + 2 * rayon::current_num_threads(), "{begun}");
    }
}
