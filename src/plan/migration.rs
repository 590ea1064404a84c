//! The migration that the plan runs, and the backup that comes before it.

use serde_json::Value;

use super::model::{Action, Change, Migration};
use manifest::Kind;

/// Where the database is, without the password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DatabaseAddress {
    /// A name or an address literal.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// The database's name.
    pub name: String,
}

impl DatabaseAddress {
    /// The command that backs the database up. `pg_dump` asks for the password, or reads
    /// `PGPASSWORD` or `~/.pgpass`.
    #[must_use]
    pub fn backup_command(&self) -> String {
        format!(
            "pg_dump --format=custom --host={} --port={} --username={} --dbname={} \
             --file=openhive-pre-migration.dump",
            quoted(&self.host),
            self.port,
            quoted(&self.user),
            quoted(&self.name),
        )
    }
}

/// The text as one word of a POSIX shell.
#[must_use]
pub fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:/@%+=,".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// What a Job's first container runs; `None` for any other kind.
pub(super) fn command(kind: Kind, manifest: &Value) -> Option<Vec<String>> {
    if kind != Kind::Job {
        return None;
    }
    let container = manifest.pointer("/spec/template/spec/containers/0")?;
    let words = |name: &str| {
        container
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    };
    Some(words("command").chain(words("args")).map(str::to_owned).collect())
}

/// The migration among the changes.
pub(super) fn migration(
    changes: &[Change],
    database: Option<&DatabaseAddress>,
) -> Option<Migration> {
    let change = changes.iter().find(|change| change.action == Action::Run)?;
    let manifest = change.manifest.as_ref()?;
    let image = manifest.pointer("/spec/template/spec/containers/0/image");
    Some(Migration {
        job: change.reference.clone(),
        image: image.and_then(Value::as_str).unwrap_or_default().to_owned(),
        command: command(change.reference.kind, manifest).unwrap_or_default(),
        backup: database.map(DatabaseAddress::backup_command),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backup_command_can_be_pasted() {
        let mut database = DatabaseAddress {
            host: "db.internal".into(),
            port: 6432,
            user: "hive".into(),
            name: "hive".into(),
        };
        assert_eq!(
            database.backup_command(),
            "pg_dump --format=custom --host=db.internal --port=6432 --username=hive --dbname=hive \
             --file=openhive-pre-migration.dump"
        );
        database.user = "o'brien; rm".into();
        assert!(database.backup_command().contains(r"--username='o'\''brien; rm'"));
    }
}
