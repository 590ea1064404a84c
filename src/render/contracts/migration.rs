//! The migration Job.

use serde_json::{Value, json};

use super::{Case, Check, Contract, contracts, same};
use manifest::Kind;

contracts! {
    /// "Migration": one attempt, never two at once, never for ever.
    fn the_migration_is_one_bounded_attempt(case) {
        if !case.job() {
            return Ok(());
        }
        let spec = case.spec(Kind::Job, "openhive", "openhive-db-migrate")?;
        let found = json!([
            spec["activeDeadlineSeconds"],
            spec["backoffLimit"],
            spec["podReplacementPolicy"],
            spec["template"]["spec"]["restartPolicy"],
            spec["ttlSecondsAfterFinished"],
        ]);
        same("spec", &found, &json!([3600, 0, "Failed", "Never", Value::Null]))
    }

    /// "Migration": Alembic, with the database's URL and nothing else.
    fn the_migration_runs_alembic_with_the_database_alone(case) {
        if !case.job() {
            return Ok(());
        }
        let pod = case.pod(Kind::Job, "openhive", "openhive-db-migrate")?;
        let container = &pod["containers"][0];
        same("command", &container["command"], &json!(["alembic", "upgrade", "head"]))?;
        same("volumes", &pod["volumes"], &Value::Null)?;
        same("env", &container["env"], &json!([{
            "name": "DATABASE_URL",
            "valueFrom": {
                "secretKeyRef": { "name": "openhive-platform-secrets", "key": "database-url" },
            },
        }]))
    }

    /// "Migration": the end of its log becomes its termination message.
    fn the_migration_ends_with_its_last_words(case) {
        if !case.job() {
            return Ok(());
        }
        let container = &case.pod(Kind::Job, "openhive", "openhive-db-migrate")?["containers"][0];
        let expected = json!("FallbackToLogsOnError");
        same("terminationMessagePolicy", &container["terminationMessagePolicy"], &expected)
    }
}
