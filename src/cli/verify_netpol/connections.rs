//! `verify-netpol connections`: everything that is allowed.

use std::fmt::{self, Write};

use super::flow_args::FlowArgs;
use super::input::InputArgs;
use super::lint::LintArgs;
use crate::cli::{Exit, Outcome};
use crate::netpol::engine::Connections;
use crate::netpol::listing::{By, Listing};
use crate::netpol::report::{connections_csv, connections_json, connections_picture};
use crate::ui::{Failure, OutputError, Ui, netpol};

/// List every connection that the policies allow
#[derive(Debug, clap::Args)]
pub struct ConnectionsArgs {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    flows: FlowArgs,
    /// List what a controller made as one [default for csv: workload]
    #[arg(long, value_enum, value_name = "CONTROLLER")]
    by: Option<ByArg>,
    #[command(flatten)]
    lint: LintArgs,
    /// List pods one by one instead of in groups that behave alike
    #[arg(long, conflicts_with = "by")]
    ungrouped: bool,
    /// Leave out pods that are not in the input
    #[arg(long)]
    known_only: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ByArg {
    /// The top-most controller that is in the input.
    Workload,
    /// The controller that a pod names.
    Owner,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Table,
    /// `openhive.io/connections/v1`.
    Json,
    /// RFC 4180.
    Csv,
    /// For Graphviz.
    Dot,
    /// A picture.
    Svg,
}

impl ConnectionsArgs {
    fn by(&self) -> By {
        match (self.by, self.ungrouped) {
            (_, true) => By::Pod,
            (Some(ByArg::Workload), _) => By::Workload,
            (Some(ByArg::Owner), _) => By::Owner,
            // No place for a legend.
            (None, _) if self.output == Format::Csv => By::Workload,
            (None, _) => By::Group,
        }
    }
}

/// Of a picture.
const TITLE: &str = "Connections that the policies allow";

/// Text is printed when so much of it is there.
const CHUNK: usize = 1 << 16;

pub(crate) fn run(args: &ConnectionsArgs, ui: &Ui) -> Outcome {
    let input = args.input.read(ui)?;
    let filter = args.flows.filter(&input)?;
    let mut connections = Connections::new(&input, args.known_only);
    let mut listing = Listing::new(&mut connections, args.by(), filter);
    let mut out = Stream { ui, text: String::new(), error: None };
    let written = match args.output {
        Format::Table => netpol::connections_table(&mut listing, &mut out),
        Format::Json => connections_json(&mut listing, &mut out),
        Format::Csv => connections_csv(&mut listing, &mut out),
        Format::Dot => out.write_str(&connections_picture(&mut listing, TITLE).dot()),
        Format::Svg => out.write_str(&connections_picture(&mut listing, TITLE).svg()),
    };
    if written.is_ok() {
        out.print();
    }
    match out.error {
        Some(error) => Err(error.into()),
        None if written.is_err() => Err(Failure::new(Exit::Error, "cannot write the output")),
        None => {
            ui.notices(&netpol::lint(&args.lint.find(&input, false), ui.stderr_style()));
            Ok(Exit::Done)
        }
    }
}

/// Prints text while it is made. Whole lines only, so that no secret is cut in two.
struct Stream<'a> {
    ui: &'a Ui,
    text: String,
    error: Option<OutputError>,
}

impl Stream<'_> {
    fn print(&mut self) {
        if self.error.is_none() && !self.text.is_empty() {
            self.error = self.ui.data(&self.text).err();
        }
        self.text.clear();
    }
}

impl Write for Stream<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.text.len() >= CHUNK && text.starts_with([',', '\n', '\r']) {
            self.print();
        }
        self.text.push_str(text);
        if self.error.is_some() { Err(fmt::Error) } else { Ok(()) }
    }
}
