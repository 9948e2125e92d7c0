//! Colours, markers and line patterns.

/// Okabe and Ito's colours, which stay distinct for colour-blind readers, without the yellow that fades on white.
const PALETTE: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222",
];

/// Controls recede behind the methods they are compared with.
const CONTROL_PALETTE: [&str; 3] = ["#6b7280", "#8b929c", "#4b5563"];

/// What a line stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Our measurement: a solid line with filled markers.
    #[default]
    Measured,
    /// A control's measurement: a thin grey dotted line.
    Control,
    /// The paper's numbers: dashed with hollow markers.
    Paper,
}

/// The look of one series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    role: Role,
    number: usize,
}

impl Style {
    /// The look of the `number`-th method; a method keeps colour and marker in both of its roles.
    pub(super) fn new(role: Role, number: usize) -> Self {
        Self { role, number }
    }

    pub(super) fn colour(self) -> &'static str {
        match self.role {
            Role::Control => CONTROL_PALETTE[self.number % CONTROL_PALETTE.len()],
            Role::Measured | Role::Paper => PALETTE[self.number % PALETTE.len()],
        }
    }

    pub(super) fn dashes(self) -> &'static str {
        match self.role {
            Role::Measured => "none",
            Role::Control => "2 3",
            Role::Paper => "7 4",
        }
    }

    pub(super) fn line_width(self) -> &'static str {
        if self.role == Role::Control { "1.6" } else { "2.2" }
    }

    pub(super) fn fill(self) -> &'static str {
        if self.role == Role::Paper {
            "#ffffff"
        } else {
            self.colour()
        }
    }

    /// A closed path around `(x, y)`; markers tell series apart where colours cannot.
    pub(super) fn marker(self, x: f64, y: f64) -> String {
        let corners: &[(f64, f64)] = match self.number % 5 {
            0 => return circle(x, y, 4.2),
            1 => &[(-3.9, -3.9), (3.9, -3.9), (3.9, 3.9), (-3.9, 3.9)],
            2 => &[(0.0, -5.0), (4.8, 3.8), (-4.8, 3.8)],
            3 => &[(0.0, -5.4), (5.4, 0.0), (0.0, 5.4), (-5.4, 0.0)],
            _ => &[(0.0, 5.0), (4.8, -3.8), (-4.8, -3.8)],
        };
        let points: Vec<String> = corners
            .iter()
            .map(|(dx, dy)| format!("{:.1} {:.1}", x + dx, y + dy))
            .collect();
        format!("M{}Z", points.join("L"))
    }
}

fn circle(x: f64, y: f64, radius: f64) -> String {
    let (left, width) = (x - radius, 2.0 * radius);
    format!("M{left:.1} {y:.1}a{radius} {radius} 0 1 0 {width} 0a{radius} {radius} 0 1 0 -{width} 0Z")
}
