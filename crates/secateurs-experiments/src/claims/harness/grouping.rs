//! Cells of one case together.

use super::claim::Measured;

/// The cells of one case, such as a method at a sparsity, one for each seed.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseCells<'a, G, C> {
    /// The common part of the keys of the cells.
    pub case: G,
    /// The cells, in the order in which they were measured.
    pub cells: Vec<&'a C>,
}

/// Groups cells by case, in the order in which each case first occurs.
///
/// `place` gives the case of a cell with the part of the cell that is wanted; a cell without one is left out.
pub fn group_cells<'a, K, C, G: PartialEq, P>(
    cells: &'a [Measured<K, C>],
    place: impl Fn(&'a Measured<K, C>) -> Option<(G, &'a P)>,
) -> Vec<CaseCells<'a, G, P>> {
    let mut groups: Vec<CaseCells<'a, G, P>> = Vec::new();
    for (case, part) in cells.iter().filter_map(place) {
        match groups.iter_mut().find(|group| group.case == case) {
            Some(group) => group.cells.push(part),
            None => groups.push(CaseCells {
                case,
                cells: vec![part],
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
        let groups = group_cells(&cells, |at| (at.key.0 != 'c').then_some((at.key.0, &at.cell)));
        let found: Vec<(char, Vec<u64>)> = groups
            .iter()
            .map(|group| (group.case, group.cells.iter().map(|cell| **cell).collect()))
            .collect();
        assert_eq!(found, [('a', vec![1, 3]), ('b', vec![2])]);
    }
}
