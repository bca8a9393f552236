//! Bars as SVG: readable in light and dark, without scripts and fonts of their own.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
/// Where bars begin; left of it stand their names.
const LEFT: f64 = 220.0;
/// Right of the longest bar, for its number.
const RIGHT: f64 = 140.0;
/// About as wide as a character.
const CHARACTER: f64 = 8.0;
const ROW: f64 = 26.0;
const TOP: f64 = 56.0;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.t{font-weight:600;font-size:15px}\
.s{fill:#59636e}.b{fill:#07a35a}.o{fill:#8c959f}.a{stroke:#cf222e;stroke-dasharray:4 3}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9198a1}.b{fill:#2ebd73}.o{fill:#6e7681}.a{stroke:#ff7b72}}";

/// One bar.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: f64,
    /// The number as it is to be read.
    pub(crate) text: String,
    /// What has to be reached, or not passed.
    pub(crate) aim: Option<f64>,
    /// Something to compare with rather than something of ours.
    pub(crate) other: bool,
}

impl Bar {
    /// Something of ours, which has an aim.
    pub(crate) fn ours(name: String, value: f64, text: String, aim: f64) -> Self {
        Self { name, value, text, aim: Some(aim), other: false }
    }
}

/// A picture of bars that share one scale.
pub(crate) fn bars(title: &str, subtitle: &str, bars: &[Bar]) -> String {
    let largest = bars.iter().flat_map(|bar| [Some(bar.value), bar.aim]).flatten().fold(0.0, f64::max);
    let scale = (WIDTH - LEFT - RIGHT) / if largest > 0.0 { largest } else { 1.0 };
    let rows = f64::from(u32::try_from(bars.len()).unwrap_or(u32::MAX));
    let height = TOP + rows * ROW + 12.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{0}\">\
         <style>{STYLE}</style><text class=\"t\" x=\"12\" y=\"24\">{0}</text><text class=\"s\" x=\"12\" y=\"43\">{1}</text>",
        escape(title),
        escape(subtitle)
    );
    let mut y = TOP;
    for bar in bars {
        let (length, middle, low) = (bar.value * scale, y + 17.0, y + ROW - 4.0);
        let class = if bar.other { "o" } else { "b" };
        // Writing to memory never fails.
        let _ = write!(
            out,
            "<text x=\"{0}\" y=\"{middle}\" text-anchor=\"end\">{1}</text>\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{2}\" width=\"{length:.1}\" height=\"18\" rx=\"3\"/>\
             <text x=\"{3:.1}\" y=\"{middle}\">{4}</text>",
            LEFT - 10.0,
            escape(&bar.name),
            y + 4.0,
            LEFT + beside(length, bar, scale),
            escape(&bar.text),
        );
        if let Some(aim) = bar.aim {
            let x = LEFT + aim * scale;
            let _ = write!(out, "<line class=\"a\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{y}\" y2=\"{low}\"/>");
        }
        y += ROW;
    }
    out.push_str("</svg>\n");
    out
}

/// Where the number stands: at the end of its bar, or behind the aim where that would cross it.
fn beside(length: f64, bar: &Bar, scale: f64) -> f64 {
    let width = CHARACTER * f64::from(u32::try_from(bar.text.chars().count()).unwrap_or(u32::MAX));
    let aim = bar.aim.map(|aim| aim * scale).filter(|aim| (length..length + 16.0 + width).contains(aim));
    aim.unwrap_or(length) + 8.0
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_fills_the_room_and_names_are_escaped() {
        let bar = |name: &str, value| Bar {
            name: name.into(),
            value,
            text: value.to_string(),
            aim: Some(1.0),
            other: false,
        };
        let picture = bars("a < b", "c", &[bar("one", 2.0), bar("two & three", 0.9)]);
        assert!(picture.contains("a &lt; b") && picture.contains("two &amp; three"), "{picture}");
        assert!(picture.contains("width=\"360.0\"") && picture.contains("width=\"162.0\""), "{picture}");
        // The first number stands behind its bar, the second behind the aim that would cross it.
        assert!(picture.contains("<text x=\"588.0\"") && picture.contains("<text x=\"408.0\""), "{picture}");
        assert!(bars("t", "s", &[]).ends_with("</svg>\n"));
    }
}
