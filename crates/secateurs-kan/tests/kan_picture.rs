//! The drawing of a network: what is in it, and that it is sound XML.

use burn::tensor::{Device, FloatDType, Tensor};
use roxmltree::{Document, Node};
use secateurs_kan::{
    BasisConfig, EdgeIndex, Kan, KanConfig, KanError, PictureConfig, PruneConfig, PrunedKan, Width, attribution,
    picture, prune_edges,
};
use secateurs_tensor::UnitScores;

const SPLINE: BasisConfig = BasisConfig::BSpline {
    degree: 3,
    n_intervals: 4,
};

fn network(widths: Vec<Width>) -> (Kan, Tensor<2>) {
    let d_input = widths[0].n_nodes();
    let kan = KanConfig::new(widths, SPLINE)
        .unwrap()
        .with_dtype(FloatDType::F64)
        .init(3, &Device::flex());
    let x: Vec<f64> = (0..50 * d_input)
        .map(|i| ((i * i) as f64 * 0.7 + i as f64).sin())
        .collect();
    let x = kan.tensor(&x, d_input).unwrap();
    (kan, x)
}

fn of_class<'a>(document: &'a Document<'a>, class: &'a str) -> Vec<Node<'a, 'a>> {
    let all = document.descendants();
    all.filter(|node| node.attribute("class") == Some(class)).collect()
}

fn count(svg: &str, class: &str) -> usize {
    of_class(&Document::parse(svg).unwrap(), class).len()
}

#[test]
fn each_present_edge_has_one_curve_and_each_product_a_cross() {
    let (kan, x) = network(vec![Width::sums(4), Width::sums(2).with_products(2), Width::sums(2)]);
    let svg = picture(&kan, x.clone(), &PictureConfig::default()).unwrap();
    assert_eq!(count(&svg, "curve"), 4 * 6 + 4 * 2);
    assert_eq!(count(&svg, "product"), 2);
    assert_eq!(count(&svg, "node"), 4 + 4 + 2);
    assert_eq!(count(&svg, "caption"), 0);
    let scores = attribution(&kan, x.clone()).unwrap().edges;
    let PrunedKan {
        kan: pruned, removed, ..
    } = prune_edges(kan, x.clone(), &scores, &PruneConfig::above(0.05)).unwrap();
    assert!(!removed.is_empty());
    let svg = picture(&pruned, x, &PictureConfig::default()).unwrap();
    assert_eq!(count(&svg, "curve"), 4 * 6 + 4 * 2 - removed.len());
    let document = Document::parse(&svg).unwrap();
    for edge in removed.iter().filter(|edge| edge.layer == 0) {
        let start = format!("layer 1, x{} to subnode {}:", edge.input + 1, edge.subnode + 1);
        let mut texts = document.descendants().filter_map(|node| node.text());
        assert!(!texts.any(|text| text.starts_with(&start)), "{start}");
    }
}

#[test]
fn names_and_titles_are_text_not_markup() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(1)]);
    let config = PictureConfig::default()
        .with_title("a < b & \"c\"")
        .with_inputs(["<svg>", "it's & so"])
        .with_outputs(["]]>"]);
    let svg = picture(&kan, x, &config).unwrap();
    let document = Document::parse(&svg).unwrap();
    let names: Vec<&str> = of_class(&document, "name")
        .iter()
        .filter_map(|name| name.children().filter_map(|child| child.text()).next_back())
        .collect();
    assert_eq!(names, ["<svg>", "it's & so", "]]>"]);
    let title = document
        .descendants()
        .find(|node| node.attribute("font-weight").is_some());
    assert_eq!(title.and_then(|node| node.text()), Some("a < b & \"c\""));
}

#[test]
fn the_least_important_edges_are_left_out_and_counted() {
    let (kan, x) = network(vec![Width::sums(6), Width::sums(5), Width::sums(1)]);
    let scores = attribution(&kan, x.clone()).unwrap().edges;
    let svg = picture(&kan, x, &PictureConfig::default().with_max_edges(12)).unwrap();
    assert_eq!(count(&svg, "curve"), 12);
    let document = Document::parse(&svg).unwrap();
    let caption = of_class(&document, "caption")[0].text().unwrap();
    assert_eq!(caption, "the 12 most important edges; 23 more are not shown");
    let mut all: Vec<f64> = scores.iter().flat_map(UnitScores::values).copied().collect();
    all.sort_by(|a, b| b.total_cmp(a));
    let shown = of_class(&document, "edge").into_iter().map(|edge| {
        let text = edge.first_element_child().and_then(|title| title.text()).unwrap();
        let score = text.split("score ").nth(1).unwrap().split(';').next().unwrap();
        score.parse::<f64>().unwrap()
    });
    let least = shown.fold(f64::INFINITY, f64::min);
    assert!(
        (least - all[11]).abs() < 1e-4 && all[11] > all[12],
        "{least} {:?}",
        &all[..13]
    );
}

#[test]
fn edges_that_are_formulas_are_red_and_alpha_follows_the_score() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(1)]);
    let red = EdgeIndex {
        layer: 0,
        input: 1,
        subnode: 0,
    };
    let score = attribution(&kan, x.clone()).unwrap().edges[0].values()[0];
    let svg = picture(&kan, x, &PictureConfig::default().with_symbolic(vec![red])).unwrap();
    let document = Document::parse(&svg).unwrap();
    let curves = of_class(&document, "curve");
    let colours: Vec<_> = curves.iter().map(|curve| curve.attribute("stroke")).collect();
    assert_eq!(colours, [Some("#1f2328"), Some("#cf222e")]);
    let alpha: f64 = curves[0].attribute("stroke-opacity").unwrap().parse().unwrap();
    assert!((alpha - (3.0 * score).tanh().max(0.3)).abs() < 1e-3);
}

#[test]
fn a_curve_shows_the_function_of_its_edge() {
    let (kan, x) = network(vec![Width::sums(1), Width::sums(1)]);
    let data: Vec<f64> = x.to_data().iter().collect();
    let (low, high) = data
        .iter()
        .fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
    let svg = picture(&kan, x, &PictureConfig::default()).unwrap();
    let document = Document::parse(&svg).unwrap();
    let path = of_class(&document, "curve")[0].attribute("d").unwrap();
    let points = path[1..].split('L').map(|point| {
        let mut numbers = point.split(' ').map(|number| number.parse::<f64>().unwrap());
        (numbers.next().unwrap(), numbers.next().unwrap())
    });
    let points: Vec<(f64, f64)> = points.collect();
    let grid: Vec<f64> = (0..points.len())
        .map(|at| low + (high - low) * at as f64 / (points.len() - 1) as f64)
        .collect();
    let values: Vec<f64> = kan.forward(kan.tensor(&grid, 1).unwrap()).into_data().iter().collect();
    let (least, greatest) = values
        .iter()
        .fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
    let (top, bottom) = points
        .iter()
        .fold((f64::MAX, f64::MIN), |(low, high), p| (low.min(p.1), high.max(p.1)));
    for ((_, y), value) in points.iter().zip(&values) {
        let expected = top + (greatest - value) / (greatest - least) * (bottom - top);
        // Coordinates have one decimal.
        assert!((y - expected).abs() < 0.11, "{y} {expected}");
    }
    assert!((bottom - top - 36.0).abs() < 0.11);
}

#[test]
fn constant_columns_many_inputs_and_long_names_are_drawn() {
    let (kan, _) = network(vec![Width::sums(30), Width::sums(5), Width::sums(1)]);
    let x: Vec<f64> = (0..40 * 30)
        .map(|i| {
            if i % 30 < 3 {
                2.0
            } else {
                f64::from(u8::from((i * i) % 7 < 3))
            }
        })
        .collect();
    let x = kan.tensor(&x, 30).unwrap();
    let names = (0..30).map(|i| format!("a rather long name of covariate {i}"));
    let svg = picture(&kan, x, &PictureConfig::default().with_inputs(names)).unwrap();
    assert_eq!(count(&svg, "curve"), 100);
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    let document = Document::parse(&svg).unwrap();
    let width: f64 = document.root_element().attribute("width").unwrap().parse().unwrap();
    assert!(width < 2000.0, "{width}");
}

#[test]
fn names_that_do_not_fit_are_refused() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(1)]);
    let failure = picture(&kan, x.clone(), &PictureConfig::default().with_inputs(["a"]));
    assert!(matches!(
        failure,
        Err(KanError::Length {
            what: "names of inputs",
            expected: 2,
            got: 1
        })
    ));
    let failure = picture(&kan, x.narrow(0, 0, 1), &PictureConfig::default());
    assert!(matches!(failure, Err(KanError::TooFewRows { .. })));
}
