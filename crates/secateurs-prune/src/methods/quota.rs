//! Spreads a layer's pruned count over its column blocks.

/// Number of entries to prune in each block, `total` in all.
///
/// `sizes` are the entries of each block, `zeros` how many of them are zero already. Blocks share the total in
/// proportion to their sizes, by rounding the running sum down, so that no entry is lost or gained. Where a block holds
/// more zeros than its share, every block first prunes its zeros and the rest is shared in proportion to what is left.
pub(crate) fn block_quotas(total: usize, sizes: &[usize], zeros: &[usize]) -> Vec<usize> {
    let by_size = share(total, sizes);
    let n_zeros: usize = zeros.iter().sum();
    if n_zeros > total || by_size.iter().zip(zeros).all(|(quota, zeros)| quota >= zeros) {
        return by_size;
    }
    let left: Vec<usize> = sizes.iter().zip(zeros).map(|(size, zeros)| size - zeros).collect();
    let rest = share(total - n_zeros, &left);
    rest.iter().zip(zeros).map(|(quota, zeros)| quota + zeros).collect()
}

/// Splits `total` in proportion to `sizes`.
fn share(total: usize, sizes: &[usize]) -> Vec<usize> {
    let whole = sizes.iter().sum::<usize>().max(1) as u128;
    let mut reached = 0_u128;
    let mut given = 0;
    let quotas = sizes.iter().map(|size| {
        reached += *size as u128;
        let until_here = (total as u128 * reached / whole) as usize;
        let quota = until_here - given;
        given = until_here;
        quota
    });
    quotas.collect()
}

#[cfg(test)]
mod tests {
    use super::block_quotas;

    #[test]
    fn quotas_add_up_and_fit_their_blocks() {
        for total in 0..=70 {
            let sizes = [32, 32, 6];
            let quotas = block_quotas(total, &sizes, &[0, 0, 0]);
            assert_eq!(quotas.iter().sum::<usize>(), total);
            assert!(
                quotas.iter().zip(sizes).all(|(quota, size)| *quota <= size),
                "{quotas:?}"
            );
        }
    }

    #[test]
    fn a_block_of_zeros_prunes_them_all() {
        assert_eq!(block_quotas(8, &[8, 8], &[8, 0]), [8, 0]);
        assert_eq!(block_quotas(10, &[8, 8], &[6, 0]), [6, 4].map(|q| q).to_vec());
    }

    #[test]
    fn more_zeros_than_asked_for_fall_back_to_sizes() {
        assert_eq!(block_quotas(4, &[8, 8], &[8, 0]), [2, 2]);
    }
}
