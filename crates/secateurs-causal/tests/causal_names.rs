//! Names of any kind in drawings.

use roxmltree::Document;
use secateurs_causal::plots::{Dependence, Hue, Ice, Level, Radar, RadarGroup, dependence_plot, ice_plot, radar_plot};

const NAMES: [&str; 8] = [
    "<script>alert(1)</script>",
    "a & b; &amp; &#0;",
    "\"quoted\" 'twice'",
    "]]> <!-- --> <?xml?>",
    "line\nfeed\r\ttab",
    "nul\0 escape\u{1b}[31m bell\u{7}",
    "\u{85}\u{9f}\u{fffe}\u{ffff}",
    "größe \u{1f600}",
];

/// As a reader sees it.
fn seen(name: &str) -> String {
    let shown = |c: char| match c {
        '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        c if c < ' ' => char::from_u32(0x2400 + c as u32).unwrap(),
        c => c,
    };
    name.chars().map(shown).collect()
}

#[test]
fn drawings_are_sound_with_names_of_any_kind() {
    let x = [0.0, 1.0, 2.0];
    for name in NAMES {
        let variables = vec![name.to_owned(), "b".to_owned()];
        let groups = [RadarGroup {
            name,
            constant: 1.0,
            terms: &[0.0, 1.0, 2.0, 3.0],
        }];
        let drawings = [
            dependence_plot(&Dependence {
                title: name,
                variable: name,
                contribution: name,
                x: &x,
                term: &x,
                marked: &[1],
            }),
            ice_plot(&Ice {
                title: name,
                variable: name,
                prediction: name,
                grid: &x,
                curves: &[0.0, 1.0, 2.0, 2.0, 1.0, 0.0],
                x: &x,
                level: Level::AsPredicted,
                hue: Some(Hue {
                    name,
                    values: &[1.0, 2.0],
                }),
            }),
            radar_plot(&Radar {
                title: name,
                variables: &variables,
                groups: &groups,
                individual: 0,
                max_axes: 5,
            }),
        ];
        // The title twice, once for readers who cannot see it; both axes, hue; axis and its tooltip, corner, two entries of the legend. Long names of axes are cut.
        let of_radar = 6 + usize::from(name.chars().count() <= 18);
        for (drawing, (svg, times)) in drawings.into_iter().zip([4, 5, of_radar]).enumerate() {
            let svg = svg.unwrap();
            let document = Document::parse(&svg).unwrap_or_else(|error| panic!("{drawing}, {name:?}: {error}"));
            let texts = document.descendants().filter(|node| node.is_text());
            let shown = texts.filter(|node| node.text().unwrap_or_default().contains(&seen(name)));
            assert_eq!(shown.count(), times, "drawing {drawing}, {name:?}");
            let label = document
                .root_element()
                .first_element_child()
                .and_then(|title| title.text());
            assert_eq!(label.unwrap_or_default(), seen(name));
            assert!(
                document
                    .descendants()
                    .all(|node| !["script", "b"].contains(&node.tag_name().name()))
            );
        }
    }
}

#[test]
fn ticks_of_columns_far_from_zero_differ() {
    let x: Vec<f64> = (0..7).map(|day| 2_460_000.5 + f64::from(day)).collect();
    let svg = dependence_plot(&Dependence {
        title: "",
        variable: "day",
        contribution: "",
        x: &x,
        term: &x,
        marked: &[],
    });
    let svg = svg.unwrap();
    let document = Document::parse(&svg).unwrap();
    let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
    assert!(texts.contains(&"2460002") && texts.contains(&"2460004"), "{texts:?}");
}
