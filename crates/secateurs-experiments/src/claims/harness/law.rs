//! Laws of every claim, checked on the rows that its cells give.

use std::fmt::Display;

use crate::outcome::{Outcome, Question, Row, Tier};

/// Fails unless the rows hold a control and both numbers that each question compares.
pub fn assert_answered(rows: Vec<Row>, questions: &[Question]) {
    assert!(rows.iter().any(Row::is_control), "there is no control");
    let mut outcome = Outcome::new("tested", Tier::Quick, "flex");
    outcome.rows = rows;
    assert!(!questions.is_empty());
    for question in questions {
        let answer = question.answer(&outcome);
        let answer = answer.unwrap_or_else(|| panic!("no row is of {question:?}"));
        assert!(answer.ours.is_some(), "{} lacks the method", answer.question);
        assert!(answer.control.is_some(), "{} lacks its controls", answer.question);
        assert!(
            answer.paper.is_none_or(|paper| paper.chars().count() <= 60),
            "{}",
            answer.question
        );
    }
}

/// Fails unless every key of a smaller tier is one of a larger tier.
pub fn assert_part<K: Display>(small: impl IntoIterator<Item = K>, large: impl IntoIterator<Item = K>) {
    let large: Vec<String> = large.into_iter().map(|key| key.to_string()).collect();
    for key in small {
        assert!(large.contains(&key.to_string()), "{key} is only in the smaller tier");
    }
}
