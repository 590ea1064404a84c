//! What the platform's programs say before they end.

use crate::diagnose::Endpoint;
use crate::diagnose::logs::{DatabaseError, LogCause, classify};

fn of(text: &str) -> Option<LogCause> {
    let lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    classify(&lines, Some(&Endpoint { host: "203.0.113.7".into(), port: 6432 }))
}

#[track_caller]
fn database(text: &str, error: DatabaseError) {
    let endpoint = Some(Endpoint { host: "203.0.113.7".into(), port: 6432 });
    assert_eq!(of(text), Some(LogCause::Database { endpoint, error }), "{text}");
}

#[test]
fn unknown_revision() {
    let expected = Some(LogCause::UnknownRevision { revision: "9f1c22".into(), head: None });
    assert_eq!(
        of(
            "INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.\nERROR [alembic.util.messaging] Can't locate revision identified by '9f1c22'\n  FAILED: Can't locate revision identified by '9f1c22'"
        ),
        expected
    );
    assert_eq!(
        of(
            "Traceback (most recent call last):\n  File \"alembic/script/base.py\", line 1\nalembic.util.exc.CommandError: Can't locate revision identified by '9f1c22'"
        ),
        expected
    );
}

#[test]
fn unknown_revision_with_the_images_head() {
    let expected = Some(LogCause::UnknownRevision {
        revision: "9f1c22".into(),
        head: Some("7be2905d41fc".into()),
    });
    assert_eq!(
        of("7be2905d41fc (head)\n  FAILED: Can't locate revision identified by '9f1c22'"),
        expected
    );
    assert_eq!(
        of(
            "{\"level\":\"error\",\"message\":\"startup failed: the database is at revision 9f1c22, which this image does not know (its head is 7be2905d41fc): use the newer image\",\"event\":\"startup_failed\"}"
        ),
        expected
    );
}

#[test]
fn database_refused() {
    database(
        "Traceback (most recent call last):\n  File \"asyncpg/connect_utils.py\", line 969\nConnectionRefusedError: [Errno 111] Connect call failed ('203.0.113.7', 6432)",
        DatabaseError::Refused,
    );
}

#[test]
fn a_refused_connection_to_another_port_is_another_service() {
    assert_eq!(
        of("ConnectionRefusedError: [Errno 111] Connect call failed ('203.0.113.7', 8091)"),
        Some(LogCause::Exception {
            line: "ConnectionRefusedError: [Errno 111] Connect call failed ('203.0.113.7', 8091)"
                .into()
        })
    );
}

#[test]
fn database_name_does_not_resolve() {
    database(
        "Traceback (most recent call last):\n  File \"asyncpg/connect_utils.py\", line 1\nsocket.gaierror: [Errno -2] Name or service not known",
        DatabaseError::NameResolution,
    );
    database(
        "{\"level\":\"error\",\"msg\":\"database unreachable\",\"error\":\"[Errno -3] Temporary failure in name resolution\"}",
        DatabaseError::NameResolution,
    );
}

#[test]
fn database_time_out() {
    database(
        "Traceback (most recent call last):\n  File \"asyncpg/compat.py\", line 1\nTimeoutError",
        DatabaseError::Timeout,
    );
    database(
        "{\"level\":\"error\",\"message\":\"startup failed: database 203.0.113.7:6432 did not answer within 5 s\"}",
        DatabaseError::Timeout,
    );
    database(
        "TimeoutError: [Errno 110] Connect call failed ('203.0.113.7', 6432)",
        DatabaseError::Timeout,
    );
}

#[test]
fn a_time_out_of_something_else_is_not_the_databases() {
    assert_eq!(
        of(
            "Traceback (most recent call last):\n  File \"hive/relay.py\", line 1\nasyncio.exceptions.TimeoutError: relay"
        ),
        Some(LogCause::Exception { line: "asyncio.exceptions.TimeoutError: relay".into() })
    );
}

#[test]
fn database_password() {
    database(
        "asyncpg.exceptions.InvalidPasswordError: password authentication failed for user \"hive\"",
        DatabaseError::Password { user: Some("hive".into()) },
    );
}

#[test]
fn database_missing() {
    database(
        "asyncpg.exceptions.InvalidCatalogNameError: database \"hive\" does not exist",
        DatabaseError::NoDatabase { database: "hive".into() },
    );
}

#[test]
fn database_other_errors() {
    for (text, error) in [
        (
            "asyncpg.exceptions.InvalidAuthorizationSpecificationError: no pg_hba.conf entry for host \"10.0.0.1\", user \"hive\", database \"hive\", no encryption",
            DatabaseError::NotAdmitted,
        ),
        (
            "asyncpg.exceptions.InvalidAuthorizationSpecificationError: role \"hive\" does not exist",
            DatabaseError::NoUser { user: "hive".into() },
        ),
        (
            "asyncpg.exceptions.InsufficientPrivilegeError: permission denied for schema public",
            DatabaseError::Permission,
        ),
        (
            "asyncpg.exceptions.TooManyConnectionsError: sorry, too many clients already",
            DatabaseError::TooManyConnections,
        ),
        (
            "asyncpg.exceptions.CannotConnectNowError: the database system is starting up",
            DatabaseError::NotReady,
        ),
        (
            "ConnectionError: PostgreSQL server at \"203.0.113.7:6432\" rejected SSL upgrade",
            DatabaseError::Tls,
        ),
        (
            "sqlalchemy.exc.OperationalError: connection to server at \"db\" (203.0.113.7), port 6432 failed: Connection refused",
            DatabaseError::Refused,
        ),
    ] {
        database(text, error);
    }
}

#[test]
fn schema_not_at_head() {
    assert_eq!(
        of(
            "hive.startup.MigrationError: database is at 51ab, code expects 7f3a; run the migration Job"
        ),
        Some(LogCause::SchemaNotAtHead {
            database: Some("51ab".into()),
            head: Some("7f3a".into())
        })
    );
    assert_eq!(
        of(
            "{\"level\":\"critical\",\"message\":\"database schema is not at the expected head\"}\nERROR:    Application startup failed. Exiting."
        ),
        Some(LogCause::SchemaNotAtHead { database: None, head: None })
    );
    assert_eq!(
        of(
            "{\"level\":\"error\",\"message\":\"startup failed: the database has no schema, and this image needs revision c4186e2f: run the migration Job first\"}"
        ),
        Some(LogCause::SchemaNotAtHead { database: None, head: Some("c4186e2f".into()) })
    );
    assert_eq!(
        of(
            "startup failed: the database is at revision 7be2905d, and this image needs c4186e2f: run the migration Job first"
        ),
        Some(LogCause::SchemaNotAtHead {
            database: Some("7be2905d".into()),
            head: Some("c4186e2f".into())
        })
    );
}

#[test]
fn placeholder_secrets() {
    assert_eq!(
        of(
            "hive.startup.StartupError: HIVE_INTERNAL_SECRET and DASHBOARD_SESSION_SECRET still have placeholder values"
        ),
        Some(LogCause::PlaceholderSecrets {
            variables: vec!["HIVE_INTERNAL_SECRET".into(), "DASHBOARD_SESSION_SECRET".into()]
        })
    );
}

#[test]
fn another_exception_is_its_last_line() {
    assert_eq!(
        of(
            "Traceback (most recent call last):\n  File \"x.py\", line 1, in upgrade\n    raise RuntimeError(\"no\")\nRuntimeError: this migration is broken"
        ),
        Some(LogCause::Exception { line: "RuntimeError: this migration is broken".into() })
    );
    assert_eq!(
        of(
            "{\"level\":\"error\",\"message\":\"migration failed\",\"exc_info\":\"Traceback (most recent call last):\\n  x\\nKeyError: 'a'\"}"
        ),
        Some(LogCause::Exception { line: "KeyError: 'a'".into() })
    );
}

#[test]
fn a_record_of_level_error_speaks_where_nothing_is_thrown() {
    assert_eq!(
        of(
            "{\"level\":\"error\",\"message\":\"startup failed: the lease table is locked\"}\n{\"level\":\"info\",\"message\":\"bye\"}"
        ),
        Some(LogCause::Exception { line: "startup failed: the lease table is locked".into() })
    );
}

/// What a program logged and survived is not why it ended.
#[test]
fn an_earlier_traceback_does_not_count() {
    assert_eq!(
        of(
            "Traceback (most recent call last):\n  File \"asyncpg/x.py\"\nConnectionRefusedError: [Errno 111] Connect call failed ('203.0.113.7', 6432)\nINFO trying again\nINFO connected\nINFO migrating\nTraceback (most recent call last):\n  File \"x.py\"\nValueError: bad row"
        ),
        Some(LogCause::Exception { line: "ValueError: bad row".into() })
    );
}

/// An exception that was wrapped is.
#[test]
fn a_chained_traceback_counts() {
    database(
        "Traceback (most recent call last):\n  File \"asyncpg/x.py\"\nConnectionRefusedError: [Errno 111] Connect call failed ('203.0.113.7', 6432)\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"hive/startup.py\"\nhive.startup.StartupError: cannot start",
        DatabaseError::Refused,
    );
}

#[test]
fn a_log_without_a_cause_has_none() {
    assert_eq!(of("INFO:     Started server process [1]\nINFO:     Waiting"), None);
    assert_eq!(of(""), None);
}

#[test]
fn wrong_architecture() {
    assert_eq!(
        of("exec /usr/local/bin/python: exec format error"),
        Some(LogCause::WrongArchitecture)
    );
}
