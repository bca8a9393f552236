//! A chart of sign-ins over time: stacked bars, drawn on the server. It holds places and sizes only; how they look is
//! said by the style sheet, and a table says the same in numbers.

use downcity_service::overview::{Step, Tally};

/// The drawing's size in units.
pub(crate) const WIDTH: f64 = 720.0;
pub(crate) const HEIGHT: f64 = 200.0;
/// Room at the left for numbers, and below for times.
pub(crate) const LEFT: f64 = 48.0;
const BELOW: f64 = 22.0;
const ABOVE: f64 = 8.0;
/// Times below, about so many.
const LABELS: usize = 6;

/// One piece of a bar.
pub(crate) struct Piece {
    pub(crate) class: &'static str,
    pub(crate) x: String,
    pub(crate) y: String,
    pub(crate) width: String,
    pub(crate) height: String,
}

/// A line across with its number.
pub(crate) struct Line {
    pub(crate) y: String,
    pub(crate) number: String,
}

/// A time below a bar.
pub(crate) struct Label {
    pub(crate) x: String,
    pub(crate) text: String,
}

/// The whole drawing.
pub(crate) struct Chart {
    pub(crate) pieces: Vec<Piece>,
    pub(crate) lines: Vec<Line>,
    pub(crate) labels: Vec<Label>,
}

/// The parts of a bar from below.
pub(crate) fn parts(tally: &Tally) -> [(&'static str, u64); 4] {
    [
        ("done", tally.done),
        ("failed", tally.failed.values().sum()),
        ("lost", tally.not_returned + tally.expired),
        ("open", tally.under_way),
    ]
}

impl Chart {
    /// Draws a series; `name` says what stands below a step.
    pub(crate) fn of(series: &[Step], name: impl Fn(&Step) -> String) -> Self {
        let top = ceiling(series.iter().map(|step| step.tally.started).max().unwrap_or(0));
        let floor = HEIGHT - BELOW;
        let unit = (floor - ABOVE) / number(top);
        let slot = (WIDTH - LEFT) / number(series.len().max(1) as u64);
        let mut pieces = Vec::new();
        for (place, step) in (0..).zip(series) {
            let (x, mut y) = (LEFT + slot * number(place) + slot * 0.14, floor);
            for (class, count) in parts(&step.tally).into_iter().filter(|(_, count)| *count > 0) {
                let height = number(count) * unit;
                y -= height;
                let [x, y, width, height] = [x, y, slot * 0.72, height].map(short);
                pieces.push(Piece { class, x, y, width, height });
            }
        }
        let line = |count: u64| Line { y: short(floor - number(count) * unit), number: shortened(count) };
        let every = series.len().div_ceil(LABELS).max(1);
        let label = |(place, step): (usize, &Step)| Label {
            x: short(LEFT + slot * (number(place as u64) + 0.5)),
            text: name(step),
        };
        Self {
            pieces,
            lines: [0, top / 2, top].map(line).into(),
            labels: series.iter().enumerate().skip(every / 2).step_by(every).map(label).collect(),
        }
    }
}

/// The smallest pleasant even number that is not below the highest bar.
fn ceiling(most: u64) -> u64 {
    let mut step = 2_u64;
    loop {
        for times in [1, 2, 5] {
            if step.saturating_mul(times) >= most {
                return step.saturating_mul(times);
            }
        }
        step = step.saturating_mul(10);
    }
}

/// Counts are far below what a float holds exactly.
#[expect(clippy::cast_precision_loss)]
fn number(count: u64) -> f64 {
    count as f64
}

/// A count in few characters: 7, 250, 2.5k, 20k, 5M.
fn shortened(count: u64) -> String {
    let (unit, sign) = match count {
        0..1_000 => return count.to_string(),
        1_000..1_000_000 => (1_000, "k"),
        _ => (1_000_000, "M"),
    };
    match count % unit * 10 / unit {
        0 => format!("{}{sign}", count / unit),
        tenth => format!("{}.{tenth}{sign}", count / unit),
    }
}

fn short(place: f64) -> String {
    format!("{place:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use downcity_service::core::Timestamp;

    fn step(done: u64, lost: u64) -> Step {
        let tally =
            Tally { started: done + lost, returned: done, done, not_returned: lost, ..Tally::default() };
        Step { at: Timestamp(0), tally }
    }

    #[test]
    fn the_highest_bar_fits_below_the_top_line() {
        for most in [0, 1, 2, 3, 7, 20, 21, 999, 123_456] {
            let chart = Chart::of(&[step(most, 0), step(most / 2, most - most / 2)], |_| String::new());
            for piece in &chart.pieces {
                let y: f64 = piece.y.parse().unwrap();
                assert!((ABOVE - 0.1..=HEIGHT - BELOW).contains(&y), "{most}: {y}");
            }
        }
        assert_eq!(
            (ceiling(0), ceiling(2), ceiling(3), ceiling(5), ceiling(11), ceiling(101)),
            (2, 2, 4, 10, 20, 200)
        );
    }

    #[test]
    fn numbers_are_short() {
        let told = [0, 999, 1_000, 2_500, 20_000, 1_000_000, 2_500_000].map(shortened);
        assert_eq!(told, ["0", "999", "1k", "2.5k", "20k", "1M", "2.5M"]);
    }

    #[test]
    fn pieces_stand_on_one_another_and_nothing_is_drawn_for_nothing() {
        let chart = Chart::of(&[step(3, 1), step(0, 0)], |_| "x".into());
        assert_eq!(chart.pieces.len(), 2);
        let place = |piece: &Piece| (piece.y.parse::<f64>().unwrap(), piece.height.parse::<f64>().unwrap());
        let (lower, upper) = (place(&chart.pieces[0]), place(&chart.pieces[1]));
        assert!((upper.0 + upper.1 - lower.0).abs() < 0.2, "{upper:?} on {lower:?}");
        assert_eq!(Chart::of(&[], |_| String::new()).pieces.len(), 0);
    }
}
