//! The flows of a report as a picture.

use super::model::{End, Report};
use super::picture::{NodeId, Picture, Tone};
use crate::finding::{Flow, Kind};

impl Report {
    /// Who may talk to whom: what is closed as intended is left out.
    #[must_use]
    pub fn picture(&self) -> Picture {
        let mut picture = Picture::new(format!("{}: {}", self.source.name, self.expectations));
        let mut nodes: Vec<(&End, NodeId)> = Vec::new();
        for end in self.checks.iter().flat_map(|check| [&check.from, &check.to]) {
            if !nodes.iter().any(|(known, _)| *known == end) {
                nodes.push((end, picture.node(end.namespace.as_deref(), &end.name)));
            }
        }
        let node = |end: &End| nodes.iter().find(|(known, _)| *known == end).map(|(_, node)| *node);
        for check in &self.checks {
            let found = self.about(check).map(|judged| &judged.finding);
            let tone = match found.map(|finding| finding.kind) {
                Some(Kind::NotEnforcing | Kind::Bypass) => Tone::Bypass,
                Some(Kind::Overblock) => Tone::Overblock,
                Some(Kind::Unknown | Kind::CniDependent | Kind::UnreachableBaseline) => {
                    Tone::Unknown
                }
                Some(Kind::Wide) if !check.expected_open => Tone::Wide,
                _ if check.expected_open => Tone::Intended,
                _ => continue,
            };
            let flow: Option<&Flow> = found.and_then(|f| f.flow.as_ref());
            let label = flow.map(|f| f.ports.clone()).unwrap_or_default();
            if let (Some(from), Some(to)) = (node(&check.from), node(&check.to)) {
                picture.arrow(from, to, label, tone);
            }
        }
        picture
    }
}
