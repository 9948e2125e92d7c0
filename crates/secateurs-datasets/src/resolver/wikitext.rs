//! The text on which WikiText perplexity is defined.

/// Joins the rows of a split by blank lines as the pruning literature does. `raw` has the rows that are not empty,
/// `rows` the same split row by row with the empty ones (and rare words replaced); `None` if the two do not match.
///
/// A row keeps its own line end, an empty row is nothing, and `"\n\n"` stands between two rows.
pub(super) fn join_rows(raw: &str, rows: &str) -> Option<String> {
    let mut full = raw.lines().filter(|row| !row.trim().is_empty());
    let mut text = String::with_capacity(raw.len() + 2 * rows.lines().count());
    for (i, row) in rows.lines().enumerate() {
        if i > 0 {
            text.push_str("\n\n");
        }
        if !row.trim().is_empty() {
            text.push_str(full.next()?);
            text.push('\n');
        }
    }
    full.next().is_none().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_rows_are_put_back() {
        let rows = " \n = <unk> = \n \n a <unk> \n";
        assert_eq!(
            join_rows(" = T = \r\n a b \r\n", rows).as_deref(),
            Some("\n\n = T = \n\n\n\n\n a b \n")
        );
        assert_eq!(join_rows(" = T = \n", rows), None);
        assert_eq!(join_rows(" = T = \n a b \n c \n", rows), None);
    }
}
