//! Merges similar experts, the rival of removing them.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use secateurs_tensor::{UnitKind, UnitReport};

use super::evidence::ExpertEvidence;
use crate::error::{MoeError, Result};

/// Groups of experts; each group becomes one expert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpertGroups {
    /// Members of each group, first the one whose logits stay; groups are ordered by their first member.
    pub groups: Vec<Vec<usize>>,
    /// Number of experts of the layer before.
    pub n_experts: usize,
}

impl ExpertGroups {
    /// The first member of each group; its logits stay.
    pub fn kept(&self) -> Vec<usize> {
        self.groups.iter().filter_map(|group| group.first().copied()).collect()
    }

    /// The report on the layer at `path`: exactly as many experts stay as were requested.
    pub fn report(&self, path: impl Into<String>) -> UnitReport {
        UnitReport {
            kind: UnitKind::Expert,
            path: path.into(),
            before: self.n_experts,
            requested: self.groups.len(),
            after: self.groups.len(),
        }
    }
}

/// Groups experts by their answers until `n_groups` are left: again and again the two most similar groups become one,
/// where the similarity of groups is the mean over pairs of the cosine of the experts' mean answers. Of equals the
/// earlier pair.
///
/// The members of a group are ordered by how many tokens they answered, most first, groups by their first member.
///
/// # Errors
///
/// If `n_groups` is 0 or above the number of experts.
///
/// # References
///
/// Chen et al., Retraining-Free Merging of Sparse MoE via Hierarchical Clustering (HC-SMoE), arXiv 2410.08589.
/// **Deviates:** answers to the tokens that went to the expert, not to all tokens.
pub fn clusters(layer: &ExpertEvidence, n_groups: usize) -> Result<ExpertGroups> {
    let n_experts = layer.experts().len();
    if n_groups == 0 || n_groups > n_experts {
        return Err(MoeError::TooFewLeft {
            n_removed: n_experts.saturating_sub(n_groups),
            n_experts,
            needed: 1,
        });
    }
    let means: Vec<Vec<f64>> = layer.experts().iter().map(|expert| expert.mean_answer()).collect();
    let mut groups: Vec<Vec<usize>> = (0..n_experts).map(|expert| vec![expert]).collect();
    while groups.len() > n_groups {
        let (mut best, mut pair) = (f64::NEG_INFINITY, (0, 1));
        for first in 0..groups.len() {
            for second in first + 1..groups.len() {
                let similarity = linkage(&groups[first], &groups[second], &means);
                if similarity > best {
                    (best, pair) = (similarity, (first, second));
                }
            }
        }
        let merged = groups.remove(pair.1);
        groups[pair.0].extend(merged);
    }
    for group in &mut groups {
        let routed = |expert: usize| layer.experts()[expert].n_routed;
        group.sort_by(|&a, &b| routed(b).cmp(&routed(a)).then(a.cmp(&b)));
    }
    groups.sort_by_key(|group| group[0]);
    Ok(ExpertGroups { groups, n_experts })
}

fn linkage(first: &[usize], second: &[usize], means: &[Vec<f64>]) -> f64 {
    let pairs = first.iter().flat_map(|&a| second.iter().map(move |&b| (a, b)));
    let total: f64 = pairs.map(|(a, b)| cosine(&means[a], &means[b])).sum();
    total / (first.len() * second.len()) as f64
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms > 0.0 { dot(a, b) / norms } else { 0.0 }
}

/// Merges each group into one expert: every parameter is the mean over the members, weighted by their numbers of
/// tokens; where no member had tokens, all count alike.
///
/// The router should keep the logits of each group's first member.
///
/// # Errors
///
/// If members differ in the shape of a parameter, or a group is empty or names an expert that does not exist.
pub fn merge_experts<E: Module>(experts: &[E], groups: &[Vec<usize>], layer: &ExpertEvidence) -> Result<Vec<E>> {
    let merge = |group: &Vec<usize>| {
        if let Some(&expert) = group.iter().find(|&&expert| expert >= experts.len()) {
            return Err(MoeError::NoExpert {
                expert,
                n_experts: experts.len(),
            });
        }
        let Some(&first) = group.first() else {
            return Err(MoeError::Size {
                what: "members of a group",
                expected: 1,
                got: 0,
            });
        };
        let routed = |&expert: &usize| layer.experts()[expert].n_routed as f64;
        let total: f64 = group.iter().map(routed).sum();
        let share = |expert: &usize| {
            if total > 0.0 {
                routed(expert) / total
            } else {
                1.0 / group.len() as f64
            }
        };
        let mut sums: Vec<Vec<f64>> = Vec::new();
        for member in group {
            add(&mut sums, &experts[*member], share(member)).map_err(|parameter| MoeError::Shapes {
                first,
                second: *member,
                parameter,
            })?;
        }
        Ok(experts[first].clone().map(&mut Writer {
            values: sums.into_iter(),
        }))
    };
    groups.iter().map(merge).collect()
}

/// Adds `share` times the parameters of an expert; the error names a parameter that does not fit.
fn add<E: Module>(sums: &mut Vec<Vec<f64>>, expert: &E, share: f64) -> std::result::Result<(), usize> {
    let mut reader = Reader::default();
    expert.visit(&mut reader);
    if sums.is_empty() {
        *sums = reader.0.iter().map(|values| vec![0.0; values.len()]).collect();
    }
    if sums.len() != reader.0.len() {
        return Err(sums.len().min(reader.0.len()));
    }
    for (parameter, (sums, values)) in sums.iter_mut().zip(&reader.0).enumerate() {
        if sums.len() != values.len() {
            return Err(parameter);
        }
        sums.iter_mut()
            .zip(values)
            .for_each(|(sum, value)| *sum += share * f64::from(*value));
    }
    Ok(())
}

#[derive(Default)]
struct Reader(Vec<Vec<f32>>);

impl ModuleVisitor for Reader {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.push(param.val().into_data().iter::<f32>().collect());
    }
}

struct Writer<I> {
    values: I,
}

impl<I: Iterator<Item = Vec<f64>>> ModuleMapper for Writer<I> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let values = self.values.next().expect("every parameter was read");
        let tensor = param.val();
        let data = TensorData::new(values, tensor.dims());
        Param::from_tensor(Tensor::from_data(data, (&tensor.device(), tensor.dtype())))
    }
}
