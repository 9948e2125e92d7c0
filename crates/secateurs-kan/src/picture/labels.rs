//! Names beside nodes: level where there is room, else slanted.

/// An estimate that is generous for sans-serif letters at 13 units, because SVG cannot measure text.
pub(super) const LETTER_WIDTH: f64 = 7.0;

/// Letters of a name that are drawn; all of them are in its tooltip.
const MOST_LETTERS: usize = 24;

/// Slant of names that are too long to stand side by side.
pub(super) const SLANT: f64 = 38.0;

/// How the names of one row are drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Labels {
    pub(super) slanted: bool,
    /// Height that the longest takes.
    pub(super) height: f64,
    /// Width that the longest takes beyond its node, to one side if slanted.
    pub(super) reach: f64,
}

impl Labels {
    /// Fits names into columns of a width.
    pub(super) fn fitting(names: &[String], column: f64) -> Self {
        let longest = names.iter().map(|name| width(name)).fold(0.0, f64::max);
        if longest <= column - 6.0 {
            return Self {
                slanted: false,
                height: 16.0,
                reach: longest / 2.0,
            };
        }
        let (sine, cosine) = SLANT.to_radians().sin_cos();
        Self {
            slanted: true,
            height: 12.0 + longest * sine,
            reach: longest * cosine,
        }
    }
}

/// A name as it is drawn.
pub(super) fn shortened(name: &str) -> String {
    if name.chars().count() <= MOST_LETTERS {
        return name.to_owned();
    }
    name.chars()
        .take(MOST_LETTERS - 1)
        .chain(std::iter::once('\u{2026}'))
        .collect()
}

fn width(name: &str) -> f64 {
    LETTER_WIDTH * name.chars().count().min(MOST_LETTERS) as f64
}
