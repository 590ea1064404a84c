//! Why kubelet cannot put a container's configuration together (`CreateContainerConfigError`).

use serde::Serialize;

use super::between;

/// What a container's configuration lacks.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ConfigError {
    /// The Secret does not exist.
    SecretMissing {
        /// Its name.
        secret: String,
    },
    /// The ConfigMap does not exist.
    ConfigMapMissing {
        /// Its name.
        config_map: String,
    },
    /// The Secret or ConfigMap has no such key.
    KeyMissing {
        /// The key.
        key: String,
        /// `secret/NAME -n NAMESPACE`.
        holder: String,
    },
    /// `runAsNonRoot`, but the image's user is root.
    RunsAsRoot,
    /// `runAsNonRoot`, but the image's user is a name.
    UserIsAName {
        /// The name.
        user: String,
    },
    /// kubelet's cache is not filled yet: passes by itself.
    NotSynced,
    /// Something else: the message is the evidence.
    Unrecognised,
}

impl ConfigError {
    /// Reads `state.waiting.message`.
    #[must_use]
    pub fn parse(message: &str) -> Self {
        if message.contains("failed to sync") || message.contains("have not yet been read") {
            return Self::NotSynced;
        }
        if let Some((key, place)) =
            message.split_once("couldn't find key ").and_then(|(_, rest)| rest.split_once(" in "))
        {
            return Self::KeyMissing { key: key.to_owned(), holder: holder(place) };
        }
        if message.contains("image will run as root")
            || message.contains("runAsUser breaks non-root policy")
        {
            return Self::RunsAsRoot;
        }
        if let Some(user) = between(message, "non-numeric user (", ")") {
            return Self::UserIsAName { user: user.to_owned() };
        }
        if let Some(secret) = between(message, "secret \"", "\" not found") {
            return Self::SecretMissing { secret: secret.to_owned() };
        }
        if let Some(map) = between(message, "configmap \"", "\" not found") {
            return Self::ConfigMapMissing { config_map: map.to_owned() };
        }
        Self::Unrecognised
    }
}

/// `Secret openhive/name` → `secret/name -n openhive`.
fn holder(place: &str) -> String {
    let mut words = place.split_whitespace();
    match (words.next(), words.next().and_then(|path| path.split_once('/'))) {
        (Some(kind), Some((namespace, name))) => {
            format!("{}/{name} -n {namespace}", kind.to_lowercase())
        }
        _ => place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::ConfigError;

    #[test]
    fn each_message_has_its_error() {
        let of = ConfigError::parse;
        assert_eq!(
            of("secret \"openhive-platform-secrets\" not found"),
            ConfigError::SecretMissing { secret: "openhive-platform-secrets".into() }
        );
        assert_eq!(
            of("configmap \"settings\" not found"),
            ConfigError::ConfigMapMissing { config_map: "settings".into() }
        );
        assert_eq!(
            of("couldn't find key admin-password in Secret openhive/openhive-platform-secrets"),
            ConfigError::KeyMissing {
                key: "admin-password".into(),
                holder: "secret/openhive-platform-secrets -n openhive".into()
            }
        );
        assert_eq!(
            of(
                "container has runAsNonRoot and image will run as root (pod: \"p_ns(uid)\", container: gateway)"
            ),
            ConfigError::RunsAsRoot
        );
        assert_eq!(
            of(
                "container has runAsNonRoot and image has non-numeric user (hive), cannot verify user is non-root (pod: \"p\", container: c)"
            ),
            ConfigError::UserIsAName { user: "hive".into() }
        );
        assert_eq!(
            of("failed to sync secret cache: timed out waiting for the condition"),
            ConfigError::NotSynced
        );
        assert_eq!(
            of("services have not yet been read at least once, cannot construct envvars"),
            ConfigError::NotSynced
        );
        assert_eq!(of("something new"), ConfigError::Unrecognised);
    }
}
