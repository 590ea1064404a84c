//! What a program said before it ended: the platform's gateway, sandbox and migration are Python
//! (Alembic, asyncpg, SQLAlchemy), their logs JSON lines or tracebacks.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::Endpoint;
use super::parse::between;

/// A cause that a log names.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LogCause {
    /// Alembic: the database's revision is none of the image's history, which is older.
    UnknownRevision {
        /// The database's revision.
        revision: String,
        /// The image's newest revision, where the log names it.
        head: Option<String>,
    },
    /// Alembic: the image's history has more than one head.
    MultipleHeads,
    /// The gateway's check at start: the schema is not the one that its code expects.
    SchemaNotAtHead {
        /// The database's revision, where the log names it.
        database: Option<String>,
        /// The code's revision, where the log names it.
        head: Option<String>,
    },
    /// A secret still has its placeholder value.
    PlaceholderSecrets {
        /// The environment variables that the log names.
        variables: Vec<String>,
    },
    /// The database cannot be used.
    Database {
        /// Where it is.
        endpoint: Option<Endpoint>,
        /// What is wrong.
        error: DatabaseError,
    },
    /// The program is made for another architecture.
    WrongArchitecture,
    /// Another exception, or the last record of level error.
    Exception {
        /// Type and message.
        line: String,
    },
}

/// What is wrong with a database.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DatabaseError {
    /// Nothing listens, or a firewall rejects.
    Refused,
    /// The host's name does not resolve.
    NameResolution,
    /// No answer: a firewall or a NetworkPolicy drops.
    Timeout,
    /// No route.
    Unreachable,
    /// The connection was cut.
    Closed,
    /// The password is wrong.
    Password {
        /// For which user.
        user: Option<String>,
    },
    /// The server's `pg_hba.conf` admits no such client.
    NotAdmitted,
    /// The user does not exist.
    NoUser {
        /// Its name.
        user: String,
    },
    /// The database does not exist.
    NoDatabase {
        /// Its name.
        database: String,
    },
    /// The user lacks a right.
    Permission,
    /// The server has no free connection.
    TooManyConnections,
    /// The server starts or stops.
    NotReady,
    /// The TLS handshake failed.
    Tls,
}

/// Reads the last lines of a log, newest cause first.
#[must_use]
pub fn classify(lines: &[String], database: Option<&Endpoint>) -> Option<LogCause> {
    let records: Vec<Record> = lines.iter().map(|line| record(line)).collect();
    let text: Vec<String> = records.iter().flat_map(|record| record.text.clone()).collect();
    let last = last_chain(&text);
    let about_database = last.iter().any(|line| {
        ["asyncpg", "psycopg", "sqlalchemy", "alembic", "postgres", "database"]
            .iter()
            .any(|word| line.to_lowercase().contains(word))
    });
    let known = last.iter().rev().find_map(|line| known(line, database, about_database));
    match known {
        Some(LogCause::UnknownRevision { revision, head: None }) => {
            Some(LogCause::UnknownRevision { revision, head: heads(&text) })
        }
        Some(cause) => Some(cause),
        None => exception(last)
            .or_else(|| error_record(&records))
            .map(|line| LogCause::Exception { line }),
    }
}

/// One line of a log.
struct Record {
    text: Vec<String>,
    error: bool,
}

/// A JSON object's messages, or the line itself.
fn record(line: &str) -> Record {
    const KEYS: [&str; 11] = [
        "message",
        "msg",
        "event",
        "detail",
        "reason",
        "stack",
        "traceback",
        "exc_info",
        "exception",
        "exc",
        "error",
    ];
    let split = |text: &str| text.lines().map(ToOwned::to_owned).collect::<Vec<_>>();
    let Ok(Value::Object(map)) = serde_json::from_str::<Value>(line.trim()) else {
        return Record { text: split(line), error: false };
    };
    let get = |key: &str| map.get(key).and_then(Value::as_str);
    let level = get("level").or_else(|| get("severity")).unwrap_or_default().to_lowercase();
    Record {
        text: KEYS.iter().filter_map(|key| get(key)).flat_map(split).collect(),
        error: matches!(level.as_str(), "error" | "critical" | "fatal"),
    }
}

/// The first line of the last record of level error.
fn error_record(records: &[Record]) -> Option<String> {
    records.iter().rev().find(|record| record.error)?.text.first().cloned()
}

/// `alembic heads` prints `7f3a9c (head)`.
fn heads(lines: &[String]) -> Option<String> {
    lines.iter().find_map(|line| line.trim().strip_suffix(" (head)").map(ToOwned::to_owned))
}

/// The last traceback together with the ones that it grew from, to the end; everything where
/// there is none. What a program logged and survived before is not why it ended.
fn last_chain(lines: &[String]) -> &[String] {
    const LINKS: [&str; 2] = ["The above exception was the direct cause", "During handling of"];
    let mut start = 0;
    for (i, line) in lines.iter().enumerate() {
        if line.contains("Traceback (most recent call last)") {
            let linked = lines[start..i]
                .iter()
                .rev()
                .take(3)
                .any(|before| LINKS.iter().any(|link| before.contains(link)));
            if !linked {
                start = i;
            }
        }
    }
    &lines[start..]
}

fn known(line: &str, database: Option<&Endpoint>, about_database: bool) -> Option<LogCause> {
    let lower = line.to_lowercase();
    let has = |word: &str| lower.contains(word);
    if let Some(revision) = between(line, "Can't locate revision identified by '", "'") {
        return Some(LogCause::UnknownRevision { revision: revision.to_owned(), head: None });
    }
    if has("multiple head revisions") {
        return Some(LogCause::MultipleHeads);
    }
    if has("exec format error") {
        return Some(LogCause::WrongArchitecture);
    }
    if has("placeholder") {
        return Some(LogCause::PlaceholderSecrets { variables: variables(line) });
    }
    if let Some(error) = database_error(line, &lower, database, about_database) {
        return Some(LogCause::Database { endpoint: database.cloned(), error });
    }
    schema(&lower)
}

/// The gateway's own check. Its wording is not part of any contract, so this goes by the words that
/// such a sentence needs, and takes revisions only where they look like some.
fn schema(line: &str) -> Option<LogCause> {
    let any = |words: &[&str]| words.iter().any(|word| line.contains(word));
    if !any(&["schema", "database is at", "target database"])
        || !any(&["expects", "needs", "not at", "not up to date", "behind", "does not know"])
    {
        return None;
    }
    let revision = |before: &[&str]| {
        before.iter().find_map(|before| {
            let (_, rest) = line.split_once(before)?;
            let word: String =
                rest.trim_start().chars().take_while(char::is_ascii_alphanumeric).collect();
            // A word of the sentence, such as "the", is no revision.
            word.chars().any(|c| c.is_ascii_digit()).then_some(word)
        })
    };
    let database = revision(&["at revision ", "is at "]);
    let head = revision(&["expects ", "needs revision ", "needs ", "head is ", "head "]);
    match database {
        Some(revision) if any(&["does not know", "unknown revision"]) => {
            Some(LogCause::UnknownRevision { revision, head })
        }
        database => Some(LogCause::SchemaNotAtHead { database, head }),
    }
}

fn database_error(
    line: &str,
    lower: &str,
    database: Option<&Endpoint>,
    about_database: bool,
) -> Option<DatabaseError> {
    let has = |word: &str| lower.contains(word);
    let quoted = |before: &str, after: &str| between(line, before, after).map(ToOwned::to_owned);
    if has("password authentication failed") || has("invalidpassworderror") {
        return Some(DatabaseError::Password { user: quoted("for user \"", "\"") });
    }
    if has("no pg_hba.conf entry") || has("invalidauthorizationspecificationerror") {
        return match quoted("role \"", "\" does not exist") {
            Some(user) => Some(DatabaseError::NoUser { user }),
            None => Some(DatabaseError::NotAdmitted),
        };
    }
    if let Some(database) = quoted("database \"", "\" does not exist") {
        return Some(DatabaseError::NoDatabase { database });
    }
    if let Some(user) = quoted("role \"", "\" does not exist") {
        return Some(DatabaseError::NoUser { user });
    }
    if has("insufficientprivilegeerror") || has("permission denied for ") {
        return Some(DatabaseError::Permission);
    }
    if has("toomanyconnectionserror") || has("too many clients") || has("connection slots are") {
        return Some(DatabaseError::TooManyConnections);
    }
    if has("cannotconnectnowerror") || has("the database system is ") {
        return Some(DatabaseError::NotReady);
    }
    // A refused connection names its address: another port is another service.
    if let (Some(database), Some(port)) = (database, named_port(line))
        && port != database.port
    {
        return None;
    }
    if !about_database && named_port(line).is_none() {
        return None;
    }
    if has("connectionrefusederror") || has("connection refused") || has("[errno 111]") {
        Some(DatabaseError::Refused)
    } else if has("gaierror")
        || has("name or service not known")
        || has("temporary failure in name resolution")
        || has("no address associated with hostname")
        || has("could not translate host name")
    {
        Some(DatabaseError::NameResolution)
    } else if has("timeouterror")
        || has("[errno 110]")
        || has("timeout expired")
        || has("did not answer")
    {
        Some(DatabaseError::Timeout)
    } else if has("network is unreachable") || has("no route to host") {
        Some(DatabaseError::Unreachable)
    } else if has("ssl") && (has("certificate") || has("rejected ssl") || has("sslerror")) {
        Some(DatabaseError::Tls)
    } else if has("connectiondoesnotexisterror") || has("connectionreseterror") {
        Some(DatabaseError::Closed)
    } else {
        None
    }
}

/// The port of `Connect call failed ('203.0.113.7', 5432)` or of `…, port 5432 failed`.
fn named_port(line: &str) -> Option<u16> {
    let rest = match line.split_once("Connect call failed (") {
        Some((_, rest)) => rest.split_once(", ")?.1,
        None => line.split_once(", port ")?.1,
    };
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

/// `HIVE_INTERNAL_SECRET` and the like.
fn variables(line: &str) -> Vec<String> {
    line.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
        .filter(|word| word.len() > 3 && word.contains('_'))
        .map(ToOwned::to_owned)
        .collect()
}

/// The last line that a traceback ends with: `package.SomeError: message`.
fn exception(lines: &[String]) -> Option<String> {
    lines.iter().rev().map(|line| line.trim_end()).find(|line| is_exception(line)).map(String::from)
}

fn is_exception(line: &str) -> bool {
    let name = line.split_once(':').map_or(line, |(name, _)| name);
    let class = name.rsplit('.').next().unwrap_or(name);
    let path = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
        && class.chars().next().is_some_and(|c| c.is_ascii_uppercase());
    let ends = ["Error", "Exception", "Failure", "Invalid", "NotFound"];
    path && class.len() > "Error".len() && ends.iter().any(|end| class.ends_with(end))
        || name == "Error" && line.len() > name.len()
}

impl fmt::Display for LogCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownRevision { revision, head } => {
                write!(f, "the database is at revision {revision}, which this image ")?;
                if let Some(head) = head {
                    write!(f, "(head {head}) ")?;
                }
                f.write_str("does not know: the image is older than the schema")
            }
            Self::MultipleHeads => f.write_str("the image's migrations have more than one head"),
            Self::SchemaNotAtHead { database: Some(database), head: Some(head) } => {
                write!(f, "the database schema is at revision {database}, the code expects {head}")
            }
            Self::SchemaNotAtHead { database: None, head: Some(head) } => {
                write!(f, "the database schema is not at revision {head}, which the code expects")
            }
            Self::SchemaNotAtHead { .. } => {
                f.write_str("the database schema is not at the revision that the code expects")
            }
            Self::PlaceholderSecrets { variables } if variables.is_empty() => {
                f.write_str("a required secret still has its placeholder value")
            }
            Self::PlaceholderSecrets { variables } => {
                write!(f, "{} still has its placeholder value", variables.join(", "))
            }
            Self::Database { endpoint, error } => {
                f.write_str("the database ")?;
                if let Some(endpoint) = endpoint {
                    write!(f, "{endpoint} ")?;
                }
                error.fmt(f)
            }
            Self::WrongArchitecture => {
                f.write_str("its program is made for another architecture than the node's")
            }
            Self::Exception { line } => f.write_str(line),
        }
    }
}

/// The rest of a sentence that begins with `the database`.
impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("refuses the connection"),
            Self::NameResolution => f.write_str("cannot be found: its name does not resolve"),
            Self::Timeout => f.write_str("does not answer (time-out)"),
            Self::Unreachable => f.write_str("cannot be reached: no route to it"),
            Self::Closed => f.write_str("closes the connection"),
            Self::Password { user: Some(user) } => {
                write!(f, "refuses the password of user {user}")
            }
            Self::Password { user: None } => f.write_str("refuses the password"),
            Self::NotAdmitted => {
                f.write_str("does not admit this client (no matching line in its pg_hba.conf)")
            }
            Self::NoUser { user } => write!(f, "has no user {user}"),
            Self::NoDatabase { database } => write!(f, "has no database named {database}"),
            Self::Permission => f.write_str("denies its user a right"),
            Self::TooManyConnections => f.write_str("has no free connection"),
            Self::NotReady => f.write_str("is starting or stopping"),
            Self::Tls => f.write_str("fails the TLS handshake"),
        }
    }
}
