//! A signal during the publication of a whole folder finds the output whole.

mod abandoning;

#[test]
fn the_new_folder_is_there_and_nothing_else() {
    abandoning::abandon_amid(None);
}
