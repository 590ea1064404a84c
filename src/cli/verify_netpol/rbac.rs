//! `--print-rbac`: the rights that a verification needs, as manifests.

use crate::cli::{Exit, Outcome};
use crate::cluster::netpol::{probe_namespace, rights::Level};
use crate::ui::{Failure, Ui};
use manifest::yaml;

/// What an administrator has to know who gives these rights to somebody.
const PROBING: &str = "\
# Apply this as an administrator: a run creates no namespace. Probe pods are created in openhive-probes, which
# admits only pods of the Pod Security level restricted, and in the platform's three namespaces.
# Whoever may create pods in openhive, hive-agents or hive-sandbox can read every Secret there and act as every
# service account there; whoever may run programs in the platform's pods can read what those hold.
# Give these rights only to an account that may know the platform's Secrets.
";

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
    let mut manifests = Vec::new();
    if level == Level::Probing {
        text.push_str(PROBING);
        manifests.extend(probe_namespace::manifests());
    }
    manifests.extend(roles);
    let manifests = yaml::write(&manifests).map_err(|error| {
        Failure::new(Exit::Error, "the roles cannot be written").cause(error.to_string())
    })?;
    text.push_str(&manifests);
    ui.data(&text)?;
    Ok(Exit::Done)
}
