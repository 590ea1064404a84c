//! One JSON object for each event.

use crate::engine::Event;
use crate::ui::Ui;

/// Lines of JSON on standard error.
pub struct Json {
    ui: Ui,
}

impl Json {
    pub(super) const fn new(ui: Ui) -> Self {
        Self { ui }
    }

    pub(super) fn event(&self, event: &Event) {
        let mut event = serde_json::json!(event);
        event["time"] = serde_json::json!(jiff::Timestamp::now().to_string());
        self.ui.json_line(event);
    }
}
