//! Statistics of the inputs of a block's linears, one set for all linears that read the same input.

use std::collections::BTreeSet;

use burn::tensor::Tensor;
use secateurs_tensor::{ActivationStats, GramAccumulator, InputNeed, Observer, TensorError};

use crate::{Gram, PruneError};

/// Observes a block and accumulates the statistics of each input that a method needs.
pub(crate) struct Collector {
    need: InputNeed,
    wanted: BTreeSet<String>,
    sites: Vec<Site>,
    error: Option<(String, TensorError)>,
}

struct Site {
    paths: Vec<String>,
    running: Running,
    finished: Option<SiteStatistics>,
}

enum Running {
    Norms(ActivationStats),
    Gram(GramAccumulator),
}

/// Statistics of one input after all batches.
pub(crate) struct SiteStatistics {
    input_norms: Vec<f32>,
    gram: Option<Gram>,
}

impl SiteStatistics {
    pub(crate) fn input_norms(&self) -> &[f32] {
        &self.input_norms
    }

    pub(crate) fn gram(&self) -> Option<&Gram> {
        self.gram.as_ref()
    }
}

impl Collector {
    /// A collector for the linears in `wanted`; it ignores all others.
    pub(crate) fn new(need: InputNeed, wanted: BTreeSet<String>) -> Self {
        Self {
            need,
            wanted,
            sites: Vec::new(),
            error: None,
        }
    }

    /// Whether inputs are collected at all.
    pub(crate) fn is_wanted(&self) -> bool {
        self.need != InputNeed::None
    }

    /// Whether there is nothing to collect, so that the forward passes can be saved.
    pub(crate) fn is_idle(&self) -> bool {
        !self.is_wanted() || self.wanted.is_empty()
    }

    /// The first error met while observing, with the path of its layer.
    pub(crate) fn check(&mut self) -> Result<(), PruneError> {
        match self.error.take() {
            Some((path, source)) => Err(PruneError::Statistics { path, source }),
            None => Ok(()),
        }
    }

    /// Ends accumulation.
    pub(crate) fn finish(mut self) -> Self {
        for site in &mut self.sites {
            site.finished = Some(match &site.running {
                Running::Norms(stats) => SiteStatistics {
                    input_norms: stats.l2_norms(),
                    gram: None,
                },
                Running::Gram(gram) => SiteStatistics {
                    input_norms: gram.l2_norms(),
                    gram: Some(Gram::new(gram)),
                },
            });
        }
        self
    }

    /// The statistics of the input that the linear at `path` reads.
    pub(crate) fn of(&self, path: &str) -> Option<&SiteStatistics> {
        let site = self.sites.iter().find(|site| site.paths.iter().any(|p| p == path));
        site.and_then(|site| site.finished.as_ref())
    }

    fn site(&mut self, paths: &[&str], d_input: usize) -> &mut Site {
        let found = self.sites.iter().position(|site| site.paths.iter().eq(paths));
        let index = found.unwrap_or_else(|| {
            let running = match self.need {
                InputNeed::Gram => Running::Gram(GramAccumulator::new(d_input)),
                _ => Running::Norms(ActivationStats::new(d_input)),
            };
            let paths = paths.iter().map(|&p| p.to_owned()).collect();
            self.sites.push(Site {
                paths,
                running,
                finished: None,
            });
            self.sites.len() - 1
        });
        &mut self.sites[index]
    }
}

impl Observer for Collector {
    fn observe(&mut self, paths: &[&str], inputs: &Tensor<2>) {
        let unwanted = !paths.iter().any(|&p| self.wanted.contains(p));
        if unwanted || self.error.is_some() || !self.is_wanted() {
            return;
        }
        let site = self.site(paths, inputs.dims()[1]);
        let observed = match &mut site.running {
            Running::Norms(stats) => stats.observe(inputs),
            Running::Gram(gram) => gram.observe(inputs),
        };
        if let Err(error) = observed {
            self.error = Some((paths.join(", "), error));
        }
    }
}
