//! Rows of an input that have the same non-zero basis functions.

/// Rows of each of some inputs in groups, in ascending order of the first basis function.
#[derive(Debug)]
pub(super) struct Groups {
    n_rows: usize,
    /// `[inputs, n_rows]`.
    rows: Vec<u32>,
    /// Groups of all inputs, with the end of each input's groups.
    groups: Vec<Group>,
    ends: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    first: u32,
    /// Rows of the input up to the last one of the group.
    end: u32,
}

impl Groups {
    /// Sorts the rows of inputs by `first`, `[inputs, n_rows]`, the first functions, all below `n_basis`.
    pub(super) fn new(first: &[u32], n_rows: usize, n_basis: usize) -> Self {
        let mut rows = vec![0; first.len()];
        let mut begins = vec![0_u32; n_basis];
        let (mut groups, mut ends) = (Vec::new(), Vec::new());
        for (rows, of_rows) in rows.chunks_exact_mut(n_rows).zip(first.chunks_exact(n_rows)) {
            begins.fill(0);
            of_rows.iter().for_each(|&first| begins[first as usize] += 1);
            let mut end = 0;
            for (first, begin) in (0..).zip(&mut begins) {
                let n = std::mem::replace(begin, end);
                end += n;
                if n > 0 {
                    groups.push(Group { first, end });
                }
            }
            ends.push(groups.len());
            for (row, &first) in (0..).zip(of_rows) {
                let at = &mut begins[first as usize];
                rows[*at as usize] = row;
                *at += 1;
            }
        }
        Self {
            n_rows,
            rows,
            groups,
            ends,
        }
    }

    /// The first function and the rows of each group of an input.
    #[inline(always)]
    pub(super) fn of_input(&self, input: usize) -> impl Iterator<Item = (usize, &[u32])> + Clone {
        let begin = if input == 0 { 0 } else { self.ends[input - 1] };
        let rows = &self.rows[input * self.n_rows..][..self.n_rows];
        let mut done = 0;
        self.groups[begin..self.ends[input]].iter().map(move |group| {
            let begin = std::mem::replace(&mut done, group.end as usize);
            (group.first as usize, &rows[begin..group.end as usize])
        })
    }
}
