//! Reading of files for one flow, quicker than for all.

use std::path::PathBuf;

use super::files::names;
use super::input::{InputArgs, Source};
use super::load::add_all;
use super::texts::texts;
use crate::ui::{Failure, Ui};
use manifest::yaml::skim::needed;
use netpol::Input;
use netpol::read::Ends;

impl InputArgs {
    /// As [`InputArgs::read`], for one flow: what cannot matter for it is passed over, where that
    /// is certain. Whatever is wrong then, everything is read, so that it is told in full.
    ///
    /// # Errors
    /// As [`InputArgs::read`].
    pub(super) fn read_flow(
        &self,
        ui: &Ui,
        source: &str,
        destination: &str,
    ) -> Result<Input, Failure> {
        let found = Ends::of(source, destination).and_then(|ends| self.skimmed(&ends));
        let enough = |input: &Input| {
            let both = [source, destination].iter().all(|end| input.pick(end).is_ok());
            both && input.invalid.is_empty() && input.counts.policies > 0
        };
        let Some((input, passed)) = found.filter(|(input, _)| enough(input)) else {
            return Ok(self.read(ui)?.0);
        };
        let name = names(&self.manifests);
        self.accept().check(ui, &name, &input)?;
        let passed = match passed {
            0 => String::new(),
            1 => "; 1 more object cannot matter for this flow".to_owned(),
            passed => format!("; {passed} more objects cannot matter for this flow"),
        };
        ui.notice(&format!("{name}: {}{passed}", input.counts));
        Ok(input)
    }

    /// What can matter between two ends of the files, and how many objects were passed over.
    fn skimmed(&self, ends: &Ends) -> Option<(Input, usize)> {
        // What comes through a pipe cannot be read again.
        let stays = |path: &PathBuf| path.as_os_str() != "-" && (path.is_file() || path.is_dir());
        if !matches!(self.source(), Ok(Source::Manifests)) || !self.manifests.iter().all(stays) {
            return None;
        }
        let texts = texts(&self.manifests).ok()?;
        let mut passed = 0;
        let left: Vec<_> = texts
            .iter()
            .map(|(name, text)| {
                let (left, emptied) = needed(text, |head| ends.need(head));
                passed += emptied;
                (name.as_str(), left)
            })
            .collect();
        let mut reader = self.reader();
        add_all(&mut reader, &left).ok()?;
        Some((reader.finish(), passed))
    }
}
