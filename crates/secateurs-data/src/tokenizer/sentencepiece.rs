//! SentencePiece-BPE: the merges that correspond to a vocabulary with scores.

use std::collections::HashMap;

/// Largest length of a piece that is cut; the number of ways to cut a piece grows with its length.
const MAX_PIECE_BYTES: usize = 1024;

/// A token that can result from merging.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) score: f64,
}

/// All pairs of pieces whose concatenation is a piece, best result first: SentencePiece always merges the pair with the
/// highest score, and among equals the leftmost.
pub(super) fn merges<'a>(pieces: &[Piece<'a>]) -> Result<Vec<(&'a str, &'a str)>, String> {
    let ids: HashMap<&str, usize> = pieces.iter().enumerate().map(|(id, piece)| (piece.text, id)).collect();
    let mut merges = Vec::new();
    for (id, piece) in pieces.iter().enumerate() {
        if piece.text.len() > MAX_PIECE_BYTES {
            return Err(format!(
                "a token has {} bytes, more than {MAX_PIECE_BYTES}",
                piece.text.len()
            ));
        }
        if piece.score.is_nan() {
            return Err(format!("the score of token {:?} is not a number", piece.text));
        }
        for (at, _) in piece.text.char_indices().skip(1) {
            let (left, right) = piece.text.split_at(at);
            if let (Some(&left_id), Some(&right_id)) = (ids.get(left), ids.get(right)) {
                merges.push((piece.score, id, left_id, right_id, (left, right)));
            }
        }
    }
    merges.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2, a.3).cmp(&(b.1, b.2, b.3))));
    Ok(merges.into_iter().map(|merge| merge.4).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str, score: f64) -> Piece<'_> {
        Piece { text, score }
    }

    #[test]
    fn merges_are_ordered_by_the_score_of_their_result() {
        let pieces = [
            piece("a", -9.0),
            piece("b", -9.0),
            piece("ab", -2.0),
            piece("abb", -1.0),
            piece("bb", -3.0),
            piece("x", -4.0),
        ];
        assert_eq!(
            merges(&pieces),
            Ok(vec![("a", "bb"), ("ab", "b"), ("a", "b"), ("b", "b")])
        );
    }

    #[test]
    fn cuts_respect_characters() {
        let pieces = [piece("é", -2.0), piece("▁", -3.0), piece("▁é", -1.0)];
        assert_eq!(merges(&pieces), Ok(vec![("▁", "é")]));
    }

    #[test]
    fn absurd_pieces_are_refused() {
        assert!(merges(&[piece(&"a".repeat(2000), 0.0)]).is_err());
        assert!(merges(&[piece("a", f64::NAN)]).is_err());
    }
}
