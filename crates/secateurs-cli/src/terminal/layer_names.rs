//! Names of layers, grouped for tables.

/// A path in the model with the number of its block replaced by a star, so that like layers come together.
pub(crate) fn kind_of(path: &str) -> String {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    path.split('.')
        .map(|part| if is_number(part) { "*" } else { part })
        .collect::<Vec<_>>()
        .join(".")
}

/// A path in the model up to the number of its block; the whole path outside of blocks.
pub(crate) fn block_of(path: &str) -> &str {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut end = 0;
    for part in path.split('.') {
        end += part.len();
        if is_number(part) {
            return &path[..end];
        }
        end += 1;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_grouped_by_block_and_by_kind() {
        let path = "model.layers.12.mlp.up_proj.weight";
        assert_eq!(block_of(path), "model.layers.12");
        assert_eq!(kind_of(path), "model.layers.*.mlp.up_proj.weight");
        assert_eq!(block_of("model.norm.weight"), "model.norm.weight");
    }
}
