//! Every profile, with and without the whitelist, as a reader sees it.
//!
//! These show a change of the output in review; what must hold is said by the contracts.
#![allow(clippy::unwrap_used)]

use super::Format;
use super::contracts::cases::inputs;

#[test]
fn profiles_look_like_this() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots");
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    let shown = ["plain", "whitelist", "everything"];
    for input in inputs().into_iter().filter(|i| shown.iter().any(|s| i.name.starts_with(s))) {
        let text = input.render().to_text(Format::Yaml, false).unwrap();
        insta::assert_snapshot!(input.name.as_str(), text);
    }
}
