//! One self-contained page over all claims that were run.

mod page;

use std::fs;
use std::path::{Path, PathBuf};

use crate::outcome::{Outcome, OutcomeError};

/// One outcome on disk: the numbers, or why they cannot be shown, and its plots.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) folder: PathBuf,
    pub(crate) outcome: Result<Outcome, OutcomeError>,
    pub(crate) plots: Vec<String>,
}

/// Writes `report.html` over every `<claim>/<tier>/outcome.json` below `root` and returns its path.
///
/// An outcome that cannot be read is shown as such; it does not hide the others.
///
/// # Errors
///
/// `root` cannot be listed or the page cannot be written.
pub fn write_report(root: &Path) -> Result<PathBuf, OutcomeError> {
    let page = page::render(&sections(root)?);
    let path = root.join("report.html");
    secateurs_data::write_atomic(&path, page.as_bytes())?;
    Ok(path)
}

/// All outcomes below `root`, sorted by claim and tier.
fn sections(root: &Path) -> Result<Vec<Section>, OutcomeError> {
    let mut sections = Vec::new();
    for claim in folders(root)? {
        for folder in folders(&claim)? {
            let path = folder.join("outcome.json");
            if path.is_file() {
                sections.push(Section {
                    outcome: Outcome::read(&path),
                    plots: plots(&folder)?,
                    folder,
                });
            }
        }
    }
    Ok(sections)
}

fn plots(folder: &Path) -> Result<Vec<String>, OutcomeError> {
    let files = entries(folder)?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "svg"));
    files
        .map(|path| fs::read_to_string(&path).map_err(|source| unreadable("read", &path, source)))
        .collect()
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>, OutcomeError> {
    Ok(entries(folder)?.into_iter().filter(|path| path.is_dir()).collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, OutcomeError> {
    let list = || -> std::io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect()
    };
    let mut paths = list().map_err(|source| unreadable("list", folder, source))?;
    paths.sort();
    Ok(paths)
}

fn unreadable(action: &'static str, path: &Path, source: std::io::Error) -> OutcomeError {
    OutcomeError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Row, Tier};
    use crate::plot::{Scale, plots};

    fn write_claim(root: &Path, claim: &str, note: &str) {
        let mut outcome = Outcome::new(claim, Tier::Quick, "flex");
        let row = |sparsity: f64| Row::new("wanda", "perplexity", 1.0 + sparsity).case("sparsity", sparsity);
        outcome.rows = vec![row(0.5), row(0.7)];
        outcome.notes.push(note.to_owned());
        outcome.write(root).unwrap();
        for (name, svg) in plots(&outcome, "sparsity", Scale::Linear) {
            outcome.write_plot(root, &name, &svg).unwrap();
        }
    }

    fn report(root: &Path) -> String {
        fs::read_to_string(write_report(root).unwrap()).unwrap()
    }

    #[test]
    fn notes_are_escaped() {
        let root = tempfile::tempdir().unwrap();
        write_claim(root.path(), "layerwise", "a < b & <script>alert(1)</script>");
        let page = report(root.path());
        assert!(page.contains("a &lt; b &amp; &lt;script&gt;alert(1)"));
        assert!(!page.contains("<script"));
    }

    #[test]
    fn the_page_holds_every_claim_with_its_plot_and_refers_to_nothing_outside() {
        let root = tempfile::tempdir().unwrap();
        write_claim(root.path(), "layerwise", "n");
        write_claim(root.path(), "sparse", "n");
        let page = report(root.path());
        assert_eq!(page.matches("role=\"img\"").count(), 2);
        assert!(page.contains("id=\"layerwise-quick\"") && page.contains("id=\"sparse-quick\""));
        for outside in ["src=", "@import", "url(", "<link"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_damaged_outcome_is_shown_beside_the_others() {
        let root = tempfile::tempdir().unwrap();
        write_claim(root.path(), "layerwise", "n");
        fs::create_dir_all(root.path().join("broken/quick")).unwrap();
        fs::write(root.path().join("broken/quick/outcome.json"), "{}").unwrap();
        let page = report(root.path());
        assert!(page.contains("is not an outcome") && page.contains("id=\"layerwise-quick\""));
    }

    #[test]
    fn a_missing_root_is_an_error() {
        assert!(write_report(Path::new("no-such-folder")).is_err());
    }
}
