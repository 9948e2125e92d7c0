//! Names at the ends of curves.

use maud::{Markup, html};

use super::spread::{Span, spread_apart};
use crate::look::Look;
use crate::number::coordinate;
use crate::palette::{FAINT, INK};
use crate::place::{Place, draw_polyline};
use crate::text::{estimate_width, fit, make_printable};

/// Height of a label.
pub(crate) const LABEL_HEIGHT: f64 = 16.0;
/// Ends that are nearer share a label: their markers lie on each other.
const SAME_PLACE: f64 = 3.0;
/// Width of the sample of a line before a name.
const SAMPLE: f64 = 24.0;
const MOST_SAMPLES: usize = 3;
/// Gap between the grid and the labels, for the leaders.
pub(crate) const LEADER: f64 = 18.0;

/// The end of a curve with its name.
#[derive(Debug, Clone)]
pub(crate) struct End {
    /// Number of its curve.
    pub(crate) curve: usize,
    pub(crate) name: String,
    pub(crate) look: Look,
    pub(crate) at: Place,
}

/// A label with the ends that it names.
#[derive(Debug, Clone)]
pub(crate) struct EndLabel {
    pub(crate) ends: Vec<End>,
    /// Middle height.
    pub(crate) y: f64,
    text: String,
}

/// Places the names of all ends in a column from 0 down to `height`: near their ends, in their order, one label for ends in one
/// place, none over another, none wider than `most_width`.
pub(crate) fn place_ends(mut ends: Vec<End>, height: f64, most_width: f64) -> Vec<EndLabel> {
    ends.sort_by(|a, b| a.at.y.total_cmp(&b.at.y));
    let groups = group_ends(ends, (height / LABEL_HEIGHT) as usize, most_width);
    let wanted: Vec<f64> = groups.iter().map(|group| middle(group)).collect();
    let span = Span {
        left: LABEL_HEIGHT / 2.0,
        width: (height - LABEL_HEIGHT).max(0.0),
    };
    let ys = spread_apart(&wanted, LABEL_HEIGHT, span);
    let label = |(ends, y): (Vec<End>, f64)| EndLabel {
        text: join_names(&ends, most_width - samples_width(&ends)),
        ends,
        y,
    };
    groups.into_iter().zip(ys).map(label).collect()
}

/// Joins ends in one place whose names fit into one label, and as many more as it takes to leave room for all labels.
fn group_ends(ends: Vec<End>, most: usize, most_width: f64) -> Vec<Vec<End>> {
    let mut groups: Vec<Vec<End>> = Vec::new();
    for end in ends {
        match groups.last_mut() {
            Some(group) if end.at.y - middle(group) < SAME_PLACE && fits_beside(group, &end, most_width) => {
                group.push(end)
            }
            _ => groups.push(vec![end]),
        }
    }
    while groups.len() > most.max(1) {
        let gaps = groups.windows(2).map(|pair| middle(&pair[1]) - middle(&pair[0]));
        let nearest = gaps
            .enumerate()
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map_or(0, |(at, _)| at);
        let next = groups.remove(nearest + 1);
        groups[nearest].extend(next);
    }
    groups
}

fn fits_beside(group: &[End], end: &End, most_width: f64) -> bool {
    let names = group
        .iter()
        .chain([end])
        .map(|end| estimate_width(&end.name) + estimate_width(", "));
    let n_samples = (group.len() + 1).min(MOST_SAMPLES);
    names.sum::<f64>() + SAMPLE * n_samples as f64 <= most_width
}

fn middle(group: &[End]) -> f64 {
    group.iter().map(|end| end.at.y).sum::<f64>() / group.len() as f64
}

fn samples_width(ends: &[End]) -> f64 {
    SAMPLE * ends.len().min(MOST_SAMPLES) as f64
}

/// The names that fit, and the number of the others.
fn join_names(ends: &[End], width: f64) -> String {
    let names: Vec<String> = ends.iter().map(|end| make_printable(&end.name)).collect();
    for shown in (1..=names.len()).rev() {
        let mut text = names[..shown].join(", ");
        if shown < names.len() {
            text.push_str(&format!(" and {} more", names.len() - shown));
        }
        if estimate_width(&text) <= width {
            return text;
        }
    }
    match &names[..] {
        [name] => fit(name, width),
        names => fit(&format!("{} lines", names.len()), width),
    }
}

impl EndLabel {
    pub(crate) fn width(&self) -> f64 {
        samples_width(&self.ends) + estimate_width(&self.text)
    }

    /// The label at `left`, with leaders from its ends, the right edge of whose grid is at `right`.
    pub(crate) fn draw(&self, right: f64, left: f64) -> Markup {
        let samples = self.ends.iter().take(MOST_SAMPLES).enumerate();
        let names: Vec<String> = self.ends.iter().map(|end| make_printable(&end.name)).collect();
        let text = Place::new(left + samples_width(&self.ends), self.y + 4.5);
        html! {
            g class="end" {
                @for end in &self.ends { (draw_leader(end.at, right, Place::new(left - 2.0, self.y))) }
                @for (number, end) in samples {
                    @let from = left + SAMPLE * number as f64;
                    (end.look.stroke().draw(&format!("M{} {}h20", coordinate(from), coordinate(self.y))))
                    @if end.look.has_marker { (end.look.draw_marker(Place::new(from + 10.0, self.y))) }
                }
                text x=(coordinate(text.x)) y=(coordinate(text.y)) fill=(INK) {
                    @if names.join(", ") != self.text { title { (names.join(", ")) } }
                    (self.text)
                }
            }
        }
    }
}

/// A thin line from an end, level to the edge of the grid and from there to its label.
fn draw_leader(end: Place, right: f64, label: Place) -> Markup {
    let path = draw_polyline([end, Place::new(right.max(end.x), end.y), label]);
    html! { path d=(path) fill="none" stroke=(FAINT) stroke-width="0.8" stroke-opacity="0.6" {} }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::look::Role;

    const HEIGHT: f64 = 300.0;
    const MOST_WIDTH: f64 = 190.0;

    fn place(ends: &[(String, f64)]) -> Vec<EndLabel> {
        let look = Look {
            role: Role::Measured,
            number: 0,
            has_marker: true,
        };
        let end = |(name, y): &(String, f64)| End {
            curve: 0,
            name: name.clone(),
            look,
            at: Place::new(300.0, *y),
        };
        place_ends(ends.iter().map(end).collect(), HEIGHT, MOST_WIDTH)
    }

    proptest! {
        #[test]
        fn labels_never_overlap_nor_leave_their_column(
            ends in prop::collection::vec((".{0,40}", prop_oneof![-10.0..310.0f64, 200.0..201.0f64]), 0..80)
        ) {
            let labels = place(&ends);
            prop_assert_eq!(labels.iter().map(|label| label.ends.len()).sum::<usize>(), ends.len());
            for pair in labels.windows(2) {
                prop_assert!(pair[1].y - pair[0].y >= LABEL_HEIGHT - 1e-9);
            }
            for label in &labels {
                prop_assert!(label.y - LABEL_HEIGHT / 2.0 >= -1e-9);
                prop_assert!(label.y + LABEL_HEIGHT / 2.0 <= HEIGHT + 1e-9);
                prop_assert!(label.width() <= MOST_WIDTH, "{:?}", label.text);
            }
        }
    }

    fn texts(ends: &[(&str, f64)]) -> Vec<String> {
        let ends: Vec<(String, f64)> = ends.iter().map(|(name, y)| ((*name).to_owned(), *y)).collect();
        place(&ends).into_iter().map(|label| label.text).collect()
    }

    #[test]
    fn ends_in_one_place_share_a_label_and_others_stand_beside_theirs() {
        assert_eq!(
            texts(&[("alps", 200.0), ("wanda", 80.0), ("l-admm", 201.0)]),
            ["wanda", "alps, l-admm"]
        );
        let long = "wanda and finetune";
        assert_eq!(texts(&[(long, 200.0), (long, 200.5)]), [long, long]);
        let labels = place(&[("a".into(), 200.0), ("b".into(), 206.0)]);
        assert_eq!([labels[0].y, labels[1].y], [195.0, 211.0]);
    }

    #[test]
    fn names_that_have_no_room_are_counted() {
        let many = [("wanda and finetune", 100.0); 40];
        let labels = texts(&many);
        assert_eq!(labels.len(), 18);
        assert!(labels.iter().any(|text| text.ends_with(" lines")), "{labels:?}");
        let short = [("ab", 100.0); 100];
        assert!(
            texts(&short).iter().any(|text| text.ends_with(" more")),
            "{:?}",
            texts(&short)
        );
    }
}
