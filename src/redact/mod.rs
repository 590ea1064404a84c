//! Removes every known credential from what leaves the program. Pure.

use std::borrow::Cow;

/// What takes the place of a credential.
const REDACTED: &str = "[redacted]";

/// Knows the credentials of a run and removes them from text.
#[derive(Default)]
pub struct Redactor {
    credentials: Vec<String>,
}

impl Redactor {
    /// Teaches a credential; one of under eight bytes is too short to be told from ordinary text.
    pub fn learn(&mut self, credential: &str) {
        if credential.len() >= 8 {
            self.credentials.push(credential.to_owned());
        }
    }

    /// The text without any known credential.
    #[must_use]
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for credential in &self.credentials {
            if text.contains(credential.as_str()) {
                text = Cow::Owned(text.replace(credential.as_str(), REDACTED));
            }
        }
        text
    }
}
