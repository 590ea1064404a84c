//! The DOT language of Graphviz.

use std::fmt::Write;

use super::Picture;
use crate::report::escape::dot as quoted;

impl Picture {
    /// For `dot -Tsvg` and every other program that reads DOT.
    #[must_use]
    pub fn dot(&self) -> String {
        let mut out = String::new();
        let mut line = |text: String| {
            out.push_str(&text);
            out.push('\n');
        };
        line(format!("digraph {} {{", quoted(&self.title)));
        line("  rankdir=LR; fontname=\"sans-serif\"; labelloc=t;".to_owned());
        line(format!("  label={};", quoted(&self.title)));
        line("  node [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\", fontname=\"monospace\", fontsize=11];".to_owned());
        line("  edge [fontname=\"monospace\", fontsize=9];".to_owned());
        for (index, name) in self.boxes.iter().enumerate() {
            line(format!("  subgraph cluster_{index} {{"));
            line(format!(
                "    label={}; style=\"rounded,filled\"; color=\"#90a4ae\"; fillcolor=\"#eceff1\";",
                quoted(name)
            ));
            for (id, node) in self.nodes.iter().enumerate().filter(|(_, n)| n.inside == Some(index))
            {
                line(format!("    n{id} [label={}];", quoted(&node.label)));
            }
            line("  }".to_owned());
        }
        for (id, node) in self.nodes.iter().enumerate().filter(|(_, n)| n.inside.is_none()) {
            line(format!("  n{id} [label={}];", quoted(&node.label)));
        }
        for arrow in &self.arrows {
            let pen = arrow.tone.pen();
            let mut style = String::new();
            if let Some((_, name)) = pen.dashes {
                let _ = write!(style, ", style={name}");
            }
            line(format!(
                "  n{} -> n{} [label={}, tooltip={}, color=\"{}\", fontcolor=\"{}\", penwidth={}{style}];",
                arrow.from,
                arrow.to,
                quoted(&arrow.label),
                quoted(&self.words(arrow)),
                pen.colour,
                pen.colour,
                pen.width,
            ));
        }
        line("}".to_owned());
        out
    }
}
