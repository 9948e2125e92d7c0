//! A signal during the publication of a part of a folder finds the output whole.

mod abandoning;

#[test]
fn the_new_part_is_there_and_nothing_else() {
    abandoning::abandon_amid(Some("model"));
}
