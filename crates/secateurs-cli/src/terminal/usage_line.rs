//! Refused command lines on one line.

/// The complaint of clap about a command line, on one line.
pub(crate) fn usage_line(refused: &clap::Error) -> String {
    let text = refused.to_string();
    let facts = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let facts = facts.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"));
    let mut line = String::new();
    for fact in facts {
        let separator = if line.is_empty() {
            ""
        } else if fact.starts_with("tip:") {
            "; "
        } else {
            " "
        };
        line.push_str(separator);
        line.push_str(fact);
    }
    line.trim_start_matches("error: ").to_owned()
}
