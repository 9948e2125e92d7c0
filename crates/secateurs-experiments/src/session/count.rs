//! Conclusions in numbers.

use crate::outcome::Conclusion;

/// Conclusions by kind: `6 hold (2 measured once)`, `1 undecided`.
pub(super) fn count_conclusions(conclusions: &[Conclusion]) -> Vec<String> {
    let count = |wanted: Conclusion| conclusions.iter().filter(|conclusion| **conclusion == wanted).count();
    let once = count(Conclusion::HoldsOnce);
    let holds = count(Conclusion::Holds) + once;
    let measured_once = match once {
        0 => String::new(),
        once if once == holds => " (measured once)".to_owned(),
        once => format!(" ({once} measured once)"),
    };
    let fails = count(Conclusion::Fails);
    let parts = [
        (holds, format!("{}{measured_once}", agree(holds, "holds", "hold"))),
        (fails, agree(fails, "does not hold", "do not hold").to_owned()),
        (count(Conclusion::Undecided), "undecided".to_owned()),
        (count(Conclusion::NotMeasured), "not measured".to_owned()),
    ];
    let parts = parts.into_iter().filter(|(n, _)| *n > 0);
    parts.map(|(n, words)| format!("{n} {words}")).collect()
}

/// The form of a word that goes with a number.
pub(super) fn agree(n: usize, one: &'static str, many: &'static str) -> &'static str {
    if n == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_conclusion_is_counted_in_its_own_words() {
        use Conclusion::{Fails, Holds, HoldsOnce, NotMeasured, Undecided};
        let words = |conclusions: &[Conclusion]| count_conclusions(conclusions).join(", ");
        assert_eq!(
            words(&[Holds, HoldsOnce, Holds, Undecided]),
            "3 hold (1 measured once), 1 undecided"
        );
        assert_eq!(
            words(&[HoldsOnce, Fails, NotMeasured]),
            "1 holds (measured once), 1 does not hold, 1 not measured"
        );
        assert_eq!(words(&[Fails, Fails]), "2 do not hold");
        assert_eq!(words(&[]), "");
    }
}
