//! Drawings of terms: what is in them, and that they are sound XML.

use roxmltree::{Document, Node};
use secateurs_causal::CausalError;
use secateurs_causal::plots::{Dependence, Hue, Ice, Level, Radar, RadarGroup, dependence_plot, ice_plot, radar_plot};

fn of_class<'a>(document: &'a Document<'a>, class: &'a str) -> Vec<Node<'a, 'a>> {
    let all = document.descendants();
    all.filter(|node| node.attribute("class") == Some(class)).collect()
}

/// Numbers of a path of straight lines, without its letters.
fn points(path: &str) -> Vec<(f64, f64)> {
    let corners = path.trim_start_matches('M').trim_end_matches('Z').split('L');
    corners
        .map(|corner| {
            let mut numbers = corner.split(' ').map(|number| number.parse::<f64>().unwrap());
            (numbers.next().unwrap(), numbers.next().unwrap())
        })
        .collect()
}

fn dependence<'a>(x: &'a [f64], term: &'a [f64], marked: &'a [usize]) -> Dependence<'a> {
    Dependence {
        title: "a < b",
        variable: "age & sex",
        contribution: "\"effect\"",
        x,
        term,
        marked,
    }
}

#[test]
fn a_term_is_a_line_in_the_order_of_its_variable() {
    let (x, term) = ([2.0, 1.0, 3.0, 1.0], [0.0, 1.0, -1.0, 3.0]);
    let svg = dependence_plot(&dependence(&x, &term, &[0, 2])).unwrap();
    let document = Document::parse(&svg).unwrap();
    assert_eq!(of_class(&document, "title")[0].text(), Some("a < b"));
    assert_eq!(of_class(&document, "individual").len(), 2);
    let line = points(of_class(&document, "term")[0].attribute("d").unwrap());
    assert_eq!(line.len(), 3, "equal values are one point");
    // Means 2, 0, -1 at 1, 2, 3.
    let step = line[1].0 - line[0].0;
    assert!(step > 50.0 && (line[2].0 - line[1].0 - step).abs() < 0.2);
    let unit = line[2].1 - line[1].1;
    assert!(unit > 20.0 && (line[1].1 - line[0].1 - 2.0 * unit).abs() < 0.3);
    let mean = of_class(&document, "mean")[0];
    let path = mean.attribute("d").unwrap();
    let height: f64 = path.split([' ', 'H']).nth(1).unwrap().parse().unwrap();
    assert!((height - (line[1].1 - 0.75 * unit)).abs() < 0.2, "the mean is 0.75");
}

#[test]
fn constant_terms_and_single_rows_are_drawn() {
    for (x, term) in [
        (vec![1.0; 3], vec![0.0; 3]),
        (vec![4.0], vec![7.0]),
        (vec![0.0, 1.0], vec![1e-300; 2]),
    ] {
        let svg = dependence_plot(&dependence(&x, &term, &[0])).unwrap();
        Document::parse(&svg).unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

#[test]
fn terms_that_do_not_fit_are_refused() {
    assert!(matches!(
        dependence_plot(&dependence(&[], &[], &[])),
        Err(CausalError::TooFewRows { .. })
    ));
    assert!(matches!(
        dependence_plot(&dependence(&[1.0], &[1.0, 2.0], &[])),
        Err(CausalError::Shape {
            expected: 1,
            got: 2,
            ..
        })
    ));
    assert!(matches!(
        dependence_plot(&dependence(&[1.0, f64::NAN], &[1.0, 2.0], &[])),
        Err(CausalError::NotFinite { row: 1, .. })
    ));
    assert!(matches!(
        dependence_plot(&dependence(&[1.0], &[1.0], &[1])),
        Err(CausalError::NoSuchRow { row: 1, rows: 1 })
    ));
}

#[test]
fn curves_of_individuals_start_at_zero_if_centred() {
    let plot = Ice {
        title: "individuals",
        variable: "x",
        prediction: "y",
        grid: &[0.0, 1.0, 2.0],
        curves: &[1.0, 2.0, 3.0, 5.0, 5.0, 4.0],
        x: &[0.5, 1.5],
        level: Level::Centred,
        hue: Some(Hue {
            name: "age",
            values: &[20.0, 60.0],
        }),
    };
    let svg = ice_plot(&plot).unwrap();
    let document = Document::parse(&svg).unwrap();
    let curves = of_class(&document, "individual");
    let lines: Vec<_> = curves
        .iter()
        .map(|curve| points(curve.attribute("d").unwrap()))
        .collect();
    assert_eq!(lines[0][0], lines[1][0]);
    let mean = points(of_class(&document, "mean")[0].attribute("d").unwrap());
    for at in 0..3 {
        assert!((mean[at].1 - (lines[0][at].1 + lines[1][at].1) / 2.0).abs() < 0.11);
    }
    let colours: Vec<_> = curves.iter().map(|curve| curve.attribute("stroke").unwrap()).collect();
    assert_eq!(colours, ["#0072b2", "#d55e00"]);
    let apart = ice_plot(&Ice {
        level: Level::AsPredicted,
        ..plot
    })
    .unwrap();
    let document = Document::parse(&apart).unwrap();
    let starts: Vec<_> = of_class(&document, "individual")
        .iter()
        .map(|curve| points(curve.attribute("d").unwrap())[0].1)
        .collect();
    assert!(starts[0] - starts[1] > 50.0);
    assert!(matches!(
        ice_plot(&Ice {
            curves: &[0.0; 5],
            ..plot
        }),
        Err(CausalError::Shape {
            expected: 3,
            got: 5,
            ..
        })
    ));
}

#[test]
fn corners_of_a_radar_are_the_average_moved_by_single_terms() {
    let variables: Vec<String> = ["<a>", "b", "c", "d"].map(String::from).to_vec();
    // Means 1, 0, 2, 0; average 10 + 3.
    let terms = [0.0, -1.0, 2.0, 0.0, 2.0, 1.0, 2.0, 0.0];
    let groups = [RadarGroup {
        name: "effect",
        constant: 10.0,
        terms: &terms,
    }];
    let plot = Radar {
        title: "effects",
        variables: &variables,
        groups: &groups,
        individual: 1,
        max_axes: 9,
    };
    let svg = radar_plot(&plot).unwrap();
    let document = Document::parse(&svg).unwrap();
    let names: Vec<_> = of_class(&document, "name")
        .iter()
        .filter_map(|name| name.last_child().and_then(|text| text.text()))
        .collect();
    assert_eq!(names, ["<a>", "b", "c", "d"]);
    let radii = |class: &str| -> Vec<f64> {
        let corners = points(of_class(&document, class)[0].attribute("d").unwrap());
        corners.iter().map(|(x, y)| (x - 360.0).hypot(y - 328.0)).collect()
    };
    let (average, own) = (radii("average"), radii("individual"));
    assert_eq!(average.len(), 4);
    assert!(average.iter().all(|radius| (radius - average[0]).abs() < 0.2));
    // The individual is 14, 14, 13, 13.
    assert!(
        (own[0] - own[1]).abs() < 0.2 && own[0] > average[0] + 20.0,
        "{own:?} {average:?}"
    );
    assert!((own[2] - average[2]).abs() < 0.2 && (own[3] - average[3]).abs() < 0.2);

    let few = radar_plot(&Radar { max_axes: 2, ..plot }).unwrap();
    let document = Document::parse(&few).unwrap();
    let names: Vec<_> = of_class(&document, "name")
        .iter()
        .filter_map(|name| name.last_child().and_then(|text| text.text()))
        .collect();
    assert_eq!(names, ["<a>", "b"]);
    assert_eq!(of_class(&document, "caption").len(), 1);
}

#[test]
fn radars_that_make_no_sense_are_refused() {
    let variables = vec!["a".to_owned(), "b".to_owned()];
    let groups = [RadarGroup {
        name: "y",
        constant: 0.0,
        terms: &[1.0, 2.0, 3.0],
    }];
    let plot = Radar {
        title: "",
        variables: &variables,
        groups: &groups,
        individual: 0,
        max_axes: 9,
    };
    assert!(matches!(
        radar_plot(&plot),
        Err(CausalError::Shape {
            expected: 2,
            got: 3,
            ..
        })
    ));
    let groups = [RadarGroup {
        name: "y",
        constant: 0.0,
        terms: &[1.0, 2.0],
    }];
    let plot = Radar {
        groups: &groups,
        ..plot
    };
    assert!(matches!(
        radar_plot(&Radar { individual: 1, ..plot }),
        Err(CausalError::NoSuchRow { row: 1, rows: 1 })
    ));
    assert!(matches!(
        radar_plot(&Radar { groups: &[], ..plot }),
        Err(CausalError::TooFewRows { .. })
    ));
    assert!(matches!(
        radar_plot(&Radar { variables: &[], ..plot }),
        Err(CausalError::TooFewRows { .. })
    ));
    radar_plot(&plot).unwrap();
}
