//! Writes a values file: `values.env.example`, and what `init` makes.

use super::keys::{KEYS, Key, Need};

/// Words around the keys: what a section is about.
const fn section(key: Key) -> Option<&'static str> {
    Some(match key {
        Key::DatabaseUrl => "Database",
        Key::DashboardSessionSecret => "Secrets and the first administrator",
        Key::GatewayImage => "Images: one tag for all of them, `sha-<short>` or a release",
        Key::IngressHost => "Ingress",
        Key::DatabaseCidr => "Network policies: what the cluster cannot tell, or tells too widely",
        Key::SandboxEgressAllow => "Sandbox",
        Key::AgentConfigStorageClass => "Volume and user",
        Key::CodingBackend => "Sandbox: who writes code",
        Key::RelayUrl => "Sandbox: applying approved patches outside the cluster",
        _ => return None,
    })
}

const HEAD: &str = "\
# Values of an OpenHive installation. Keep this file private (chmod 600): it holds every secret.
#
#   kubectl openhive validate -f values.env
#   kubectl openhive plan     -f values.env
#   kubectl openhive install  -f values.env
#
# KEY=value, one a line. A value with a blank, `$`, `\\`, `#` or a quote goes in single quotes.
# Nothing is substituted: `$` in single quotes is a dollar. Lines that start with `#` are comments;
# a key behind `#` is optional, and the value shown for it an example.
";

/// A values file with every key in its place: the literal that `literal` gives, else the key's
/// example behind `#`.
pub fn write(literal: impl Fn(Key) -> Option<String>) -> String {
    let mut file = HEAD.to_owned();
    for spec in KEYS {
        if let Some(section) = section(spec.key) {
            file.push_str(&format!("\n# --- {section}\n"));
        }
        file.push_str(&format!("\n# {}\n", spec.about));
        if !spec.default.is_empty() {
            file.push_str(&format!("# Without it: {}.\n", spec.default));
        }
        let (mark, literal) = match literal(spec.key) {
            Some(literal) => ("", literal),
            None => ("# ", spec.example.to_owned()),
        };
        file.push_str(&format!("{mark}{}={literal}\n", spec.name));
    }
    file
}

/// `values.env.example`: placeholders for what only the reader can know.
#[must_use]
pub fn example() -> String {
    write(|key| (key.spec().need != Need::Optional).then(|| key.spec().example.to_owned()))
}

/// The value as it has to be written; `None` where no line of a file can hold it.
#[must_use]
pub fn quote(value: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c);
    if value.contains(|c: char| c.is_control() && c != '\t') {
        None
    } else if value.chars().all(plain) {
        Some(value.to_owned())
    } else if !value.contains('\'') && !value.ends_with('\\') {
        Some(format!("'{value}'"))
    } else {
        let mut quoted = String::from("\"");
        for c in value.chars() {
            if matches!(c, '\\' | '"' | '$') {
                quoted.push('\\');
            }
            quoted.push(c);
        }
        quoted.push('"');
        Some(quoted)
    }
}
