//! `init`: a values file from a few answers.

mod answers;
mod file;

use std::path::PathBuf;

use super::{Exit, Outcome};
use crate::render::Profile;
use crate::ui::{Failure, Ui};
use crate::values::{self, Source};

use answers::Answers;

#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// The file to write; an existing one is never overwritten
    #[arg(short, long, value_name = "FILE", default_value = "values.env")]
    output: PathBuf,
    /// What the values are to install
    #[arg(long, value_enum, default_value_t, value_name = "PROFILE")]
    profile: Profile,
    /// Tag of all images, such as v1.4.0
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Where the images are
    #[arg(long, value_name = "PREFIX", default_value = "ghcr.io/terrywangcode")]
    registry: String,
    /// DNS name under which people open the dashboard
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// IngressClass [default: nginx]
    #[arg(long, value_name = "NAME")]
    ingress_class: Option<String>,
    /// Secret with the host's certificate [default: openhive-tls]
    #[arg(long, value_name = "NAME")]
    tls_secret: Option<String>,
    /// cert-manager ClusterIssuer that makes the certificate [default: none]
    #[arg(long, value_name = "NAME")]
    cluster_issuer: Option<String>,
    /// File with the database's whole URL, or - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["database_host", "database_port", "database_name", "database_user", "database_password_file"])]
    database_url_file: Option<PathBuf>,
    /// Host of the PostgreSQL server
    #[arg(long, value_name = "HOST")]
    database_host: Option<String>,
    /// Port of the PostgreSQL server [default: 5432]
    #[arg(long, value_name = "PORT")]
    database_port: Option<String>,
    /// Name of the database [default: hive]
    #[arg(long, value_name = "NAME")]
    database_name: Option<String>,
    /// User of the database [default: hive]
    #[arg(long, value_name = "NAME")]
    database_user: Option<String>,
    /// File with the database user's password as it is, or - for standard input
    #[arg(long, value_name = "FILE")]
    database_password_file: Option<PathBuf>,
    /// Name of the first administrator [default: admin]
    #[arg(long, value_name = "NAME")]
    admin_username: Option<String>,
    /// File with the first administrator's password, or - for standard input; otherwise generated
    #[arg(long, value_name = "FILE")]
    admin_password_file: Option<PathBuf>,
    /// Set one more key that is not secret; repeat for several
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

pub(crate) fn run(args: &InitArgs, ui: &Ui) -> Outcome {
    file::can_be_made(&args.output)?;
    let answers = Answers::collect(args, ui)?;
    let text = values::template::write(|key| answers.literal(key));
    let name = args.output.display().to_string();
    let source = Source::new(name.as_str(), text.as_str());
    // What is wrong with one answer was told when it was given; this is what they are together.
    let checked = values::load(&[source], &[], args.profile).map_err(|report| {
        let failure = Failure::new(Exit::Values, "the answers do not fit together");
        let told = report.errors.iter().map(|problem| {
            let key = problem.key.as_deref().unwrap_or_default();
            format!("{key}: {}", problem.message())
        });
        told.fold(failure, Failure::seen).now("nothing was written")
    })?;
    file::write(&args.output, text.as_bytes())?;
    ui.notice(&format!("wrote {name}, which only you can read"));
    ui.notice(&format!("generated: {}", answers.generated().join(", ")));
    for warning in checked.warnings {
        let key = warning.key.as_deref().unwrap_or_default();
        ui.warn(&format!("{key}: {}", warning.message()));
    }
    ui.notice(&format!("next:  kubectl openhive plan -f {name}"));
    Ok(Exit::Done)
}
