//! Cells of one case together.

use super::claim::Measured;

/// The cells of one case, such as a method at a sparsity, one for each seed.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseCells<'a, G, C> {
    /// What the keys of the cells have in common.
    pub case: G,
    /// The cells, in the order in which they were measured.
    pub cells: Vec<&'a C>,
}

/// Groups cells by a part of their keys, in the order in which each part first occurs; cells without that part are left out.
pub fn group_cells<K, C, G: PartialEq>(
    cells: &[Measured<K, C>],
    case_of: impl Fn(&K) -> Option<G>,
) -> Vec<CaseCells<'_, G, C>> {
    let mut groups: Vec<CaseCells<'_, G, C>> = Vec::new();
    for Measured { key, cell } in cells {
        let Some(case) = case_of(key) else { continue };
        match groups.iter_mut().find(|group| group.case == case) {
            Some(group) => group.cells.push(cell),
            None => groups.push(CaseCells {
                case,
                cells: vec![cell],
            }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_a_case_meet_wherever_they_stand() {
        let measured = |key: (char, u64), cell: u64| Measured { key, cell };
        let cells = [
            measured(('a', 0), 1),
            measured(('b', 0), 2),
            measured(('a', 1), 3),
            measured(('c', 0), 4),
        ];
        let groups = group_cells(&cells, |(case, _)| (*case != 'c').then_some(*case));
        let found: Vec<(char, Vec<u64>)> = groups
            .iter()
            .map(|group| (group.case, group.cells.iter().map(|cell| **cell).collect()))
            .collect();
        assert_eq!(found, [('a', vec![1, 3]), ('b', vec![2])]);
    }
}
