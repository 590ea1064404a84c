//! `verify-netpol connections`: everything that is allowed.

use std::fmt::{self, Write};

use clap::ValueEnum;

use super::compare::{self, Against, against};
use super::flow_args::FlowArgs;
use super::input::InputArgs;
use super::lint::LintArgs;
use crate::cli::{Exit, Outcome};
use crate::ui::{Failure, OutputError, Ui, netpol as netpol_ui};
use manifest::yaml;
use netpol::diff::DiffOptions;
use netpol::engine::Connections;
use netpol::listing::{By, Listing};
use netpol::report::{connections_csv, connections_json, connections_picture, explained_json};

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
    /// Tell of every pair, denied ones too, which policies and rules decide on both sides
    #[arg(long)]
    explain: bool,
    /// List pods one by one instead of in groups that behave alike
    #[arg(long, conflicts_with = "by")]
    ungrouped: bool,
    /// List what opens and closes from this other input to the one that is checked: a folder or file,
    /// or the cluster (./cluster is a file)
    #[arg(long, value_name = "DIR|FILE|cluster", value_parser = against(), conflicts_with = "explain")]
    against: Option<Against>,
    /// With --against: exit with 2 where a flow opens or closes, and with 10 where nothing does but not
    /// everything could be read
    #[arg(long, requires = "against")]
    exit_code: bool,
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
    /// `openhive.io/connections/v1`, or `openhive.io/connections-explained/v1`.
    Json,
    /// RFC 4180.
    Csv,
    /// A file for --expect: what is open now is meant to be, and nothing else.
    Expect,
    /// For Graphviz.
    Dot,
    /// A picture.
    Svg,
    /// For a pull request, with --against.
    Markdown,
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

impl ConnectionsArgs {
    /// Not every question has an answer in every format.
    fn check_format(&self) -> Result<(), Failure> {
        let (question, formats): (_, &[Format]) = if self.against.is_some() {
            ("--against", &[Format::Table, Format::Json, Format::Markdown])
        } else if self.explain {
            ("--explain", &[Format::Table, Format::Json])
        } else if self.output == Format::Expect {
            return self.check_everything();
        } else if self.output == Format::Markdown {
            return Err(Failure::new(Exit::Usage, "-o markdown is for --against")
                .fix("name what to compare with:  --against DIR"));
        } else {
            return Ok(());
        };
        if formats.contains(&self.output) {
            return Ok(());
        }
        let names = formats.iter().filter_map(Format::to_possible_value);
        let names: Vec<String> = names.map(|v| format!("-o {}", v.get_name())).collect();
        Err(Failure::new(Exit::Usage, format!("{question} has no place in this format"))
            .fix(format!("take one of:  {}", names.join(", "))))
    }
}

impl ConnectionsArgs {
    /// What a file of expectations does not list is meant to be closed, so that it lists everything.
    fn check_everything(&self) -> Result<(), Failure> {
        let own = [
            ("--by", self.by.is_some()),
            ("--ungrouped", self.ungrouped),
            ("--known-only", self.known_only),
        ];
        let own = own.into_iter().filter(|(_, is_set)| *is_set).map(|(flag, _)| flag);
        let named: Vec<&str> = self.flows.named().chain(own).collect();
        if named.is_empty() {
            return Ok(());
        }
        let flags = named.join(", ");
        Err(Failure::new(Exit::Usage, format!("-o expect writes every flow: not with {flags}"))
            .cause(
                "what the file does not list is meant to be closed, so that the check would fail",
            )
            .fix(format!("leave {flags} out"))
            .fix("to check only some flows, write default: ignore, and delete entries"))
    }
}

pub(crate) fn run(args: &ConnectionsArgs, ui: &Ui) -> Outcome {
    args.check_format()?;
    if let Some(against) = &args.against {
        let options =
            DiffOptions { by: args.by(), known_only: args.known_only, asked: args.flows.asked() };
        let format = match args.output {
            Format::Json => compare::Format::Json,
            Format::Markdown => compare::Format::Markdown,
            _ => compare::Format::Table,
        };
        return compare::run(&args.input, against, &options, format, args.exit_code, ui);
    }
    let (input, whole) = args.input.read(ui)?;
    let filter = args.flows.filter(&input)?;
    if args.output == Format::Expect {
        let text = yaml::write_one(&netpol::expect::write(&input))
            .map_err(|error| Failure::new(Exit::Error, error.to_string()))?;
        ui.data(&text)?;
        return Ok(Exit::Done);
    }
    let mut connections = Connections::new(&input, args.known_only);
    let mut listing = Listing::new(&mut connections, args.by(), filter);
    let mut out = Stream { ui, text: String::new(), error: None };
    let written = match args.output {
        Format::Table if args.explain => {
            netpol_ui::explained_table(&mut listing, ui.stdout_style(), &mut out)
        }
        Format::Json if args.explain => explained_json(&mut listing, &mut out),
        Format::Table => netpol_ui::connections_table(&mut listing, &mut out),
        Format::Json => connections_json(&mut listing, &mut out),
        Format::Csv => connections_csv(&mut listing, &mut out),
        Format::Expect => Ok(()), // above
        Format::Dot => out.write_str(&connections_picture(&mut listing, TITLE).dot()),
        Format::Svg => out.write_str(&connections_picture(&mut listing, TITLE).svg()),
        // Refused above.
        Format::Markdown => Ok(()),
    };
    if written.is_ok() {
        out.print();
    }
    match out.error {
        Some(error) => Err(error.into()),
        None if written.is_err() => Err(Failure::new(Exit::Error, "cannot write the output")),
        None => {
            ui.notices(&netpol_ui::lint(&args.lint.find(&input, whole), ui.stderr_style()));
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
