//! Pictures of flows: boxes of namespaces, what is in them, arrows between. As DOT for Graphviz, or
//! as SVG with a layout of our own.
//!
//! ```
//! use netpol::report::picture::{Picture, Tone};
//!
//! let mut picture = Picture::new("shop");
//! let web = picture.node(Some("shop"), "web");
//! let all = picture.node(None, "0.0.0.0/0");
//! picture.arrow(web, all, "TCP 443", Tone::Plain);
//! assert!(picture.svg().starts_with("<svg "));
//! ```

mod dot;
mod layout;
mod svg;
#[cfg(test)]
mod tests;

/// Nodes and arrows, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    title: String,
    boxes: Vec<String>,
    nodes: Vec<Node>,
    arrows: Vec<Arrow>,
}

/// A node of a [`Picture`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct NodeId(usize);

#[derive(Clone, Debug)]
struct Node {
    /// Index into `boxes`; `None`: outside of all.
    inside: Option<usize>,
    label: String,
}

#[derive(Clone, Debug)]
struct Arrow {
    from: usize,
    to: usize,
    label: String,
    tone: Tone,
}

/// What an arrow says. Each has a colour and a line of its own, so that neither is needed alone.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Tone {
    /// Allowed; nobody said whether it should be.
    Plain,
    /// Open, and meant to be.
    Intended,
    /// Open beyond the need.
    Wide,
    /// Not decidable.
    Unknown,
    /// Closed, and must be open.
    Overblock,
    /// Open, and must be closed.
    Bypass,
}

/// How a [`Tone`] is drawn.
struct Pen {
    words: &'static str,
    colour: &'static str,
    width: &'static str,
    /// `stroke-dasharray` of SVG, and the style of DOT.
    dashes: Option<(&'static str, &'static str)>,
}

impl Tone {
    const ALL: [Self; 6] =
        [Self::Plain, Self::Intended, Self::Wide, Self::Unknown, Self::Overblock, Self::Bypass];

    const fn pen(self) -> Pen {
        let (words, colour, width, dashes) = match self {
            Self::Plain => ("allowed", "#455a64", "1.2", None),
            Self::Intended => ("open as intended", "#2e7d32", "1.4", None),
            Self::Wide => ("wider than needed", "#1565c0", "1.2", Some(("8 3", "dashed"))),
            Self::Unknown => ("not decidable", "#b26a00", "1.6", Some(("2 3", "dotted"))),
            Self::Overblock => {
                ("closed, must be open", "#6a1b9a", "2", Some(("10 4 2 4", "dashed")))
            }
            Self::Bypass => ("open, must be closed", "#c62828", "2.6", None),
        };
        Pen { words, colour, width, dashes }
    }
}

impl Picture {
    /// A picture without anything on it.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Adds a node, inside the box of a namespace or outside of all.
    pub fn node(&mut self, namespace: Option<&str>, label: impl Into<String>) -> NodeId {
        let inside = namespace.map(|name| {
            self.boxes.iter().position(|b| b == name).unwrap_or_else(|| {
                self.boxes.push(name.to_owned());
                self.boxes.len() - 1
            })
        });
        self.nodes.push(Node { inside, label: label.into() });
        NodeId(self.nodes.len() - 1)
    }

    /// Adds an arrow. One from a node to itself is between members of that node.
    pub fn arrow(&mut self, from: NodeId, to: NodeId, label: impl Into<String>, tone: Tone) {
        self.arrows.push(Arrow { from: from.0, to: to.0, label: label.into(), tone });
    }

    /// The tones that occur.
    fn tones(&self) -> impl Iterator<Item = Tone> {
        Tone::ALL.into_iter().filter(|tone| self.arrows.iter().any(|a| a.tone == *tone))
    }

    /// In words: `web → db TCP 5432: open as intended`.
    fn words(&self, arrow: &Arrow) -> String {
        let (from, to) = (&self.nodes[arrow.from].label, &self.nodes[arrow.to].label);
        format!("{from} → {to} {}: {}", arrow.label, arrow.tone.pen().words)
    }
}
