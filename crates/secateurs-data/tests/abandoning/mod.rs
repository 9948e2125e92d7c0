//! A publication and the end of its process at the same time; each test needs a process of its own.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use secateurs_data::{OutputForm, OutputRequest, Overwrite, RunJournal, abandon_work, write_atomic};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Nothing {}

impl RunJournal for Nothing {
    const KIND: &'static str = "nothing";
    fn difference(&self, _: &Self) -> Option<&'static str> {
        None
    }
}

/// Publishes over an earlier output, and abandons all work of the process once the earlier one is set aside.
pub fn abandon_amid(part: Option<&'static str>) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    fs::create_dir(&out).expect("made");
    fs::write(out.join("config.json"), "earlier").expect("written");
    let (started, is_started) = mpsc::channel();
    let target = out.clone();
    let publication = std::thread::spawn(move || {
        let request = OutputRequest {
            out: &target,
            form: OutputForm::MODEL,
            inputs: &[],
            overwrite: Overwrite::Force,
        };
        let mut run = request
            .claim()
            .and_then(|claim| claim.begin(Nothing {}))
            .expect("begun");
        run.keep(|_| {}).expect("kept");
        let from = part.map_or(run.folder().to_owned(), |part| run.folder().join(part));
        fs::create_dir_all(&from).expect("made");
        write_atomic(&from.join("config.json"), b"new").expect("written");
        let rename = |to: &Path| {
            started.send(()).expect("heard");
            std::thread::sleep(Duration::from_millis(200));
            fs::rename(&from, to).expect("moved");
            Ok(())
        };
        match part {
            Some(_) => run.publish_part(rename),
            None => run.publish(rename),
        }
    });
    is_started.recv().expect("the publication begins");
    let abandoned = abandon_work();
    assert_eq!(fs::read_to_string(out.join("config.json")).expect("it is there"), "new");
    assert_eq!((abandoned.kept.len(), abandoned.removed.len()), (0, 0));
    assert_eq!(abandoned.published, [out]);
    let names: Vec<_> = fs::read_dir(folder.path()).expect("listed").flatten().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    publication.join().expect("no panic").expect("published");
}
