//! `Report` counts what it is given and survives serde.

use secateurs_tensor::{Cost, CostChange, Event, LayerReport, Report, Scope, UnitKind, UnitReport, requested_sparsity};

fn layer(path: &str, dims: [usize; 2], requested_pruned: usize, pruned: usize) -> LayerReport {
    LayerReport {
        path: path.to_owned(),
        dims,
        requested_sparsity: 0.5,
        requested_pruned,
        pruned,
        seconds: 0.25,
        relative_error: Some(0.125),
        events: vec![],
    }
}

fn report() -> Report {
    let mut first = layer("a.weight", [2, 3], 3, 4);
    first.events = vec![
        Event::DampingRaised {
            from: 0.01,
            to: 0.1,
            reason: "pivot 3 is negative".to_owned(),
        },
        Event::FellBack {
            from: "sparsegpt".to_owned(),
            to: "magnitude".to_owned(),
            reason: "singular".to_owned(),
        },
        Event::DeadInputs { count: 2 },
        Event::NotConverged { iterations: 300 },
        Event::Converged { iterations: 12 },
    ];
    Report {
        method: "wanda".to_owned(),
        pattern: "50%".to_owned(),
        scope: Some(Scope::PerOutput),
        layers: vec![first, layer("b.weight", [2, 7], 7, 7)],
        units: Vec::new(),
        cost: None,
        seconds: 1.5,
        peak_rss_bytes: None,
        notes: vec!["a note".to_owned()],
    }
}

#[test]
fn sparsities_come_from_counts() {
    let report = report();
    assert_eq!(
        (report.requested_sparsity(), report.sparsity()),
        (10.0 / 20.0, 11.0 / 20.0)
    );
    assert_eq!(report.layers[0].sparsity(), 4.0 / 6.0);
    let empty = Report {
        layers: vec![],
        ..report
    };
    assert_eq!((empty.requested_sparsity(), empty.sparsity()), (0.0, 0.0));
}

#[test]
fn what_was_asked_for_does_not_depend_on_rounding() {
    let layer = |requested_sparsity, dims| LayerReport {
        requested_sparsity,
        ..layer("w", dims, 0, 0)
    };
    // 0.3 of 7 weights is no whole number.
    let same = [layer(0.3, [1, 7]), layer(0.3, [3, 5])];
    assert_eq!(requested_sparsity(&same), 0.3);
    assert_eq!(same.map(|layer| layer.whole_request()), [2, 4]);
    let different = [layer(0.2, [1, 10]), layer(0.5, [2, 10])];
    assert!((requested_sparsity(&different) - 0.4).abs() < 1e-15);
}

#[test]
fn reports_round_trip() {
    let report = report();
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    assert!(json.contains(r#"{"kind":"damping-raised","from":0.01,"to":0.1,"reason":"pivot 3 is negative"}"#));
    assert!(json.contains(r#""scope":"per-output""#));
    assert!(serde_json::from_str::<Event>(r#"{"kind":"vanished"}"#).is_err());
    assert!(serde_json::from_str::<Report>(&json.replace("per-output", "per-row")).is_err());
}

/// What was written before reports knew of units and costs.
const OLD: &str = r#"{"method":"wanda","pattern":"50%","scope":"per-output","layers":[],"seconds":1.5,
    "peak_rss_bytes":null,"notes":[]}"#;

#[test]
fn reports_without_units_and_costs_are_read_and_written_as_before() {
    let report: Report = serde_json::from_str(OLD).unwrap();
    assert_eq!((report.units.len(), report.cost), (0, None));
    let json = serde_json::to_string(&report).unwrap();
    let compact: String = OLD.split_whitespace().collect();
    assert_eq!(json, compact, "nothing is added where there is nothing to tell");
}

#[test]
fn units_and_costs_round_trip() {
    let unit = UnitReport {
        kind: UnitKind::VocabularyEntry,
        path: "model".to_owned(),
        before: 8,
        requested: 3,
        after: 4,
    };
    let before = Cost {
        parameters: 100,
        macs: Some(50),
        bytes: None,
        latency: Some(0.25),
    };
    let after = Cost {
        parameters: 60,
        ..Cost::default()
    };
    let whole = Report {
        units: vec![unit],
        cost: Some(CostChange { before, after }),
        ..report()
    };
    let json = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), whole);
    assert!(
        json.contains(r#"{"kind":"vocabulary-entry","path":"model","before":8,"requested":3,"after":4}"#),
        "{json}"
    );
    assert!(
        json.contains(r#""cost":{"before":{"parameters":100,"macs":50,"latency":0.25},"after":{"parameters":60}}"#),
        "{json}"
    );
    assert!(serde_json::from_str::<Report>(&json.replace("vocabulary-entry", "word")).is_err());
}

#[test]
fn kinds_of_units_are_displayed_as_they_are_written() {
    for kind in [
        UnitKind::Channel,
        UnitKind::Head,
        UnitKind::Block,
        UnitKind::Expert,
        UnitKind::Node,
        UnitKind::Edge,
        UnitKind::Input,
        UnitKind::Direction,
        UnitKind::Token,
        UnitKind::VocabularyEntry,
    ] {
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
    }
}

#[test]
fn events_read_as_sentences() {
    let events: Vec<String> = report().layers[0].events.iter().map(ToString::to_string).collect();
    assert_eq!(
        events,
        [
            "damping raised from 0.01 to 0.1: pivot 3 is negative",
            "fell back from sparsegpt to magnitude: singular",
            "2 inputs are zero on all calibration tokens",
            "not converged after 300 iterations",
            "converged after 12 iterations",
        ]
    );
}
