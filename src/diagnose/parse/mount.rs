//! Why a pod's volumes or its sandbox are not there (events `FailedMount`, `FailedAttachVolume`,
//! `FailedCreatePodSandBox`).

use serde::Serialize;

use super::between;

/// What keeps a pod in `ContainerCreating`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum MountError {
    /// A volume's Secret does not exist.
    SecretMissing {
        /// Its name.
        secret: String,
    },
    /// A volume's ConfigMap does not exist.
    ConfigMapMissing {
        /// Its name.
        config_map: String,
    },
    /// A volume's Secret or ConfigMap has no such key.
    KeyMissing {
        /// The key.
        key: String,
    },
    /// The volume is attached to another node.
    MultiAttach {
        /// The volume.
        volume: String,
    },
    /// kubelet's cache is not filled yet: passes by itself.
    NotSynced,
    /// The volume cannot be attached or mounted: the message is the evidence.
    Volume {
        /// The volume, where the message names it.
        volume: Option<String>,
    },
    /// The pod's network cannot be set up.
    Network {
        /// The CNI plugin, where the message names it.
        plugin: Option<String>,
    },
    /// The pod's sandbox cannot be made: the message is the evidence.
    Sandbox,
}

impl MountError {
    /// Reads an event's reason and message; `None` for another reason.
    #[must_use]
    pub fn parse(reason: &str, message: &str) -> Option<Self> {
        match reason {
            "FailedMount" | "FailedAttachVolume" | "FailedMapVolume" => Some(Self::volume(message)),
            "FailedCreatePodSandBox" => Some(Self::sandbox(message)),
            _ => None,
        }
    }

    /// Whether an object is missing that somebody has to make.
    #[must_use]
    pub const fn is_missing_object(&self) -> bool {
        matches!(
            self,
            Self::SecretMissing { .. } | Self::ConfigMapMissing { .. } | Self::KeyMissing { .. }
        )
    }

    fn volume(message: &str) -> Self {
        let volume = between(message, "volume \"", "\"").map(ToOwned::to_owned);
        if message.contains("failed to sync") {
            Self::NotSynced
        } else if let Some(secret) = between(message, "secret \"", "\" not found") {
            Self::SecretMissing { secret: secret.to_owned() }
        } else if let Some(map) = between(message, "configmap \"", "\" not found") {
            Self::ConfigMapMissing { config_map: map.to_owned() }
        } else if let Some((_, key)) = message
            .split_once("non-existent secret key: ")
            .or_else(|| message.split_once("non-existent config key: "))
        {
            Self::KeyMissing { key: key.trim().to_owned() }
        } else if message.contains("Multi-Attach error") {
            Self::MultiAttach { volume: volume.unwrap_or_default() }
        } else {
            Self::Volume { volume }
        }
    }

    fn sandbox(message: &str) -> Self {
        let plugin = between(message, "plugin type=\"", "\"").map(ToOwned::to_owned);
        if plugin.is_some() || message.contains("network") || message.contains("cni") {
            Self::Network { plugin }
        } else {
            Self::Sandbox
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MountError;

    fn mount(message: &str) -> MountError {
        MountError::parse("FailedMount", message).expect("a mount event")
    }

    #[test]
    fn each_mount_message_has_its_error() {
        assert_eq!(
            mount("MountVolume.SetUp failed for volume \"certs\" : secret \"gone\" not found"),
            MountError::SecretMissing { secret: "gone".into() }
        );
        assert_eq!(
            mount("MountVolume.SetUp failed for volume \"cfg\" : configmap \"gone\" not found"),
            MountError::ConfigMapMissing { config_map: "gone".into() }
        );
        assert_eq!(
            mount(
                "MountVolume.SetUp failed for volume \"certs\" : references non-existent secret key: ca.crt"
            ),
            MountError::KeyMissing { key: "ca.crt".into() }
        );
        assert_eq!(
            mount(
                "MountVolume.SetUp failed for volume \"kube-api-access-x\" : failed to sync configmap cache: timed out waiting for the condition"
            ),
            MountError::NotSynced
        );
        assert_eq!(
            mount(
                "MountVolume.MountDevice failed for volume \"pvc-1\" : rpc error: code = Internal desc = mount failed: exit status 32"
            ),
            MountError::Volume { volume: Some("pvc-1".into()) }
        );
        assert_eq!(
            mount(
                "Unable to attach or mount volumes: unmounted volumes=[config], unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition"
            ),
            MountError::Volume { volume: None }
        );
        assert_eq!(
            MountError::parse(
                "FailedAttachVolume",
                "Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) hive-agent-1"
            ),
            Some(MountError::MultiAttach { volume: "pvc-1".into() })
        );
    }

    #[test]
    fn a_sandbox_message_names_the_cni_plugin() {
        assert_eq!(
            MountError::parse(
                "FailedCreatePodSandBox",
                "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox \"aa\": plugin type=\"calico\" failed (add): error getting ClusterInformation"
            ),
            Some(MountError::Network { plugin: Some("calico".into()) })
        );
        assert_eq!(
            MountError::parse(
                "FailedCreatePodSandBox",
                "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to start sandbox: cgroup gone"
            ),
            Some(MountError::Sandbox)
        );
        assert_eq!(MountError::parse("Pulled", "secret \"x\" not found"), None);
    }
}
