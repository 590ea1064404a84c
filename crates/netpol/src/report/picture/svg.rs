//! SVG 1.1, without scripts, fonts, or links: it may be shown on any page.

use std::fmt::Write;

use super::layout::{Layout, Rect, shown};
use super::{Picture, Tone};
use crate::report::escape::xml;

const TEXT: &str = "#263238";
const MONOSPACE: &str = "ui-monospace,SFMono-Regular,Menlo,Consolas,monospace";

impl Picture {
    /// A whole document.
    #[must_use]
    pub fn svg(&self) -> String {
        let layout = Layout::of(self);
        let mut out = String::new();
        // Writing to a String does not fail.
        let _ = self.draw(&layout, &mut out);
        out
    }

    fn draw(&self, layout: &Layout, out: &mut String) -> std::fmt::Result {
        let (width, height) = (layout.width.ceil(), layout.height.ceil());
        writeln!(
            out,
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" font-family="{MONOSPACE}" font-size="12">"#
        )?;
        writeln!(out, "<title>{}</title>", xml(&self.title))?;
        writeln!(out, "<defs>")?;
        for tone in self.tones() {
            writeln!(
                out,
                r#"<marker id="{}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 1 10 5 0 9z" fill="{}"/></marker>"#,
                marker(tone),
                tone.pen().colour
            )?;
        }
        writeln!(out, "</defs>")?;
        writeln!(out, r##"<rect width="{width}" height="{height}" fill="#ffffff"/>"##)?;
        writeln!(
            out,
            r#"<text x="20" y="32" font-size="15" font-weight="bold" fill="{TEXT}">{}</text>"#,
            xml(&self.title)
        )?;
        for (rect, name) in layout.boxes.iter().zip(&self.boxes) {
            boxed(out, rect, 8.0, "#eceff1", "#90a4ae")?;
            writeln!(
                out,
                r#"<text x="{:.1}" y="{:.1}" font-weight="bold" fill="{TEXT}">{}{}</text>"#,
                rect.x + 12.0,
                rect.y + 17.0,
                xml(&shown(name)),
                hint(name),
            )?;
        }
        // The worst on top.
        for tone in Tone::ALL {
            for curve in layout.curves.iter().filter(|c| self.arrows[c.arrow].tone == tone) {
                let [a, b, c, d] = curve.points;
                let dashes = match tone.pen().dashes {
                    Some((dashes, _)) => format!(r#" stroke-dasharray="{dashes}""#),
                    None => String::new(),
                };
                writeln!(
                    out,
                    r#"<path d="M{:.1} {:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}" fill="none" stroke="{}" stroke-width="{}"{dashes} marker-end="url(#{})"><title>{}</title></path>"#,
                    a.0,
                    a.1,
                    b.0,
                    b.1,
                    c.0,
                    c.1,
                    d.0,
                    d.1,
                    tone.pen().colour,
                    tone.pen().width,
                    marker(tone),
                    xml(&self.words(&self.arrows[curve.arrow])),
                )?;
            }
        }
        for place in &layout.places {
            let label = &self.nodes[place.node].label;
            boxed(out, &place.rect, 5.0, "#ffffff", "#546e7a")?;
            writeln!(
                out,
                r#"<text x="{:.1}" y="{:.1}" text-anchor="middle" fill="{TEXT}">{}{}</text>"#,
                place.rect.x + place.rect.width / 2.0,
                place.rect.y + place.rect.height / 2.0 + 4.0,
                xml(&shown(label)),
                hint(label),
            )?;
        }
        for (index, tone) in self.tones().enumerate() {
            let x = 20.0 + 220.0 * (index % 2) as f64;
            let y = layout.legend + 18.0 * (index / 2) as f64;
            let dashes = match tone.pen().dashes {
                Some((dashes, _)) => format!(r#" stroke-dasharray="{dashes}""#),
                None => String::new(),
            };
            writeln!(
                out,
                r#"<path d="M{x} {y}h34" stroke="{}" stroke-width="{}"{dashes} marker-end="url(#{})"/><text x="{}" y="{}" fill="{TEXT}">{}</text>"#,
                tone.pen().colour,
                tone.pen().width,
                marker(tone),
                x + 42.0,
                y + 4.0,
                tone.pen().words,
            )?;
        }
        writeln!(out, "</svg>")
    }
}

const fn marker(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Intended => "intended",
        Tone::Wide => "wide",
        Tone::Unknown => "unknown",
        Tone::Overblock => "overblock",
        Tone::Bypass => "bypass",
    }
}

/// The whole of a label that is cut.
fn hint(label: &str) -> String {
    if shown(label) == label { String::new() } else { format!("<title>{}</title>", xml(label)) }
}

fn boxed(out: &mut String, rect: &Rect, radius: f64, fill: &str, stroke: &str) -> std::fmt::Result {
    writeln!(
        out,
        r#"<rect x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}" rx="{radius}" fill="{fill}" stroke="{stroke}"/>"#,
        rect.x, rect.y, rect.width, rect.height
    )
}
