//! `-v`: the client's log on stderr, through the redactor like everything else.

use std::io::{self, Write};
use std::sync::Arc;

use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

use super::Ui;

/// Turns the log on, for this program's own lines alone: `kube_client` writes whole response bodies
/// where it cannot read one, Secrets among them.
pub(crate) fn init(ui: &Ui, verbosity: u8) {
    let level = match verbosity {
        0 => return,
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .with_writer(LogWriter(ui.clone()))
        .finish();
    let ours = tracing_subscriber::filter::filter_fn(|metadata| {
        metadata.target().starts_with("kubectl_openhive")
    });
    use tracing_subscriber::layer::SubscriberExt;
    let _ = tracing::subscriber::set_global_default(subscriber.with(ours));
}

/// Cleans what a panic says like everything else: it may quote a value.
pub(crate) fn panics(ui: &Ui) {
    let redactor = Arc::clone(&ui.redactor);
    std::panic::set_hook(Box::new(move |panic| {
        // The panic may have come from the redactor itself, which then cannot be asked.
        let text = match redactor.try_lock() {
            Ok(redactor) => redactor.clean(&panic.to_string()).into_owned(),
            Err(_) => "panicked while it cleaned its output".to_owned(),
        };
        let _ = writeln!(io::stderr().lock(), "kubectl-openhive: a defect: {text}");
    }));
}

struct LogWriter(Ui);

struct Line(Ui, Vec<u8>);

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(self.0.clone(), Vec::new())
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A line is cleaned as a whole: a credential cut in two by buffering would slip through.
impl Drop for Line {
    fn drop(&mut self) {
        self.0.stderr_line(String::from_utf8_lossy(&self.1).trim_end());
    }
}
