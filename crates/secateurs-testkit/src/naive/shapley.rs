//! Shapley values by their definition.

/// The mean, over all orders of `n` players, of the gain in `value` when each player joins the players before it.
pub fn shapley(n: usize, value: impl Fn(&[bool]) -> f64) -> Vec<f64> {
    let mut sums = vec![0.0; n];
    let orders = permutations((0..n).collect());
    for order in &orders {
        let mut present = vec![false; n];
        let mut before = value(&present);
        for &player in order {
            present[player] = true;
            let after = value(&present);
            sums[player] += after - before;
            before = after;
        }
    }
    sums.iter().map(|sum| sum / orders.len() as f64).collect()
}

fn permutations(items: Vec<usize>) -> Vec<Vec<usize>> {
    if items.len() < 2 {
        return vec![items];
    }
    let with_first = |&first: &usize| {
        let rest = items.iter().copied().filter(|item| *item != first).collect();
        let with = move |mut rest: Vec<usize>| {
            rest.insert(0, first);
            rest
        };
        permutations(rest).into_iter().map(with).collect::<Vec<_>>()
    };
    items.iter().flat_map(with_first).collect()
}
