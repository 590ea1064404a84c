//! What a person sees on standard error while something is built.

use std::time::Duration;

/// One line of progress.
pub(crate) fn say(line: &str) {
    eprintln!("testbed: {line}");
}

/// A span as people say it: `1.4 s`, `52 s`, `5 min 45 s`.
#[must_use]
pub fn span(span: Duration) -> String {
    match span.as_secs() {
        0..10 => format!("{:.1} s", span.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_say_them() {
        assert_eq!(span(Duration::from_millis(1_440)), "1.4 s");
        assert_eq!(span(Duration::from_secs(52)), "52 s");
        assert_eq!(span(Duration::from_secs(345)), "5 min 45 s");
    }
}
