//! Pictures with names of any characters are XML.

use burn::tensor::Device;
use proptest::prelude::*;
use roxmltree::Document;
use secateurs_kan::{BasisConfig, Kan, KanConfig, PictureConfig, picture};

fn kan() -> Kan {
    let basis = BasisConfig::BSpline {
        degree: 2,
        n_intervals: 2,
    };
    KanConfig::new([2, 1], basis).unwrap().init(0, &Device::flex())
}

fn drawn(kan: &Kan, names: [&str; 3], title: &str) -> String {
    let x = kan.tensor(&[-1.0, 0.0, 0.5, 1.0, 1.0, -0.5], 2).unwrap();
    let config = PictureConfig::default()
        .with_inputs([names[0], names[1]])
        .with_outputs([names[2]])
        .with_title(title);
    picture(kan, x, &config).unwrap()
}

/// Any characters, often those that XML takes for itself or does not know.
fn name() -> impl Strategy<Value = String> {
    let special: Vec<char> = "<>&\"'\0\u{1}\u{8}\t\n\r\u{1f}\u{7f}\u{85}\u{202e}\u{2066}\u{fffe}\u{ffff}]-!?/ "
        .chars()
        .collect();
    let character = prop_oneof![2 => prop::sample::select(special), 1 => any::<char>()];
    prop::collection::vec(character, 0..30).prop_map(|characters| characters.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_names_give_a_document(names in prop::array::uniform4(name())) {
        let [first, second, output, title] = names.each_ref().map(String::as_str);
        let svg = drawn(&kan(), [first, second, output], title);
        let document = Document::parse(&svg).map_err(|problem| TestCaseError::fail(format!("{problem}: {svg}")))?;
        prop_assert_eq!(document.descendants().filter(|node| node.attribute("class") == Some("curve")).count(), 2);
        let hidden = svg.find(|c: char| c.is_control() || c == '\u{202e}' || c == '\u{ffff}');
        prop_assert_eq!(hidden, None, "{}", svg);
    }
}

#[test]
fn everyday_names_stay_as_they_are_and_others_become_visible() {
    let svg = drawn(&kan(), ["a < b & \"c\"", "Größe\u{1f} 1", "y"], "Dosis");
    let document = Document::parse(&svg).unwrap();
    let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
    for name in ["a < b & \"c\"", "Größe␟ 1", "Dosis"] {
        assert!(texts.contains(&name), "{name}: {texts:?}");
    }
}
