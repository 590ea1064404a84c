//! `--print-rbac`: the rights that a verification needs, as manifests.

use crate::cli::{Exit, Outcome};
use crate::cluster::netpol::rights::Level;
use crate::ui::{Failure, Ui};
use manifest::yaml;

/// Prints the roles of a level, and how they are given to an account.
pub(super) fn print(level: Level, ui: &Ui) -> Outcome {
    let name = level.name();
    let roles = level.roles();
    let mut text = format!(
        "# The least rights of `kubectl openhive verify-netpol`, level {name}. For a service account:\n"
    );
    let account = "--serviceaccount=NAMESPACE:NAME";
    for role in &roles {
        text.push_str(&match role["metadata"]["namespace"].as_str() {
            None => format!("#   kubectl create clusterrolebinding openhive-verify --clusterrole=openhive-verify-{name} {account}\n"),
            Some(namespace) => format!("#   kubectl create rolebinding openhive-verify --role=openhive-verify-{name} {account} -n {namespace}\n"),
        });
    }
    text.push_str("# Secrets are not among them: without -f the database's port is that of the installed policies.\n");
    let manifests = yaml::write(&roles).map_err(|error| {
        Failure::new(Exit::Error, "the roles cannot be written").cause(error.to_string())
    })?;
    text.push_str(&manifests);
    ui.data(&text)?;
    Ok(Exit::Done)
}
