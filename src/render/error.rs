//! Why manifests cannot be rendered.

use manifest::yaml::YamlError;
use manifest::{ObjectError, ObjectRef};

/// Why manifests cannot be rendered. Never holds a value of the values file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RenderError {
    /// The profile has an Ingress, the values have no host for it.
    #[error("the platform profile has an Ingress, and OPENHIVE_INGRESS_HOST is not set")]
    NoIngress,
    /// The Secret that `OPENHIVE_IMAGE_PULL_SECRET` names is not an image pull secret.
    #[error("the Secret of OPENHIVE_IMAGE_PULL_SECRET has no {missing}")]
    PullSecret {
        /// The field that is not there.
        missing: &'static str,
    },
    /// A template does not evaluate.
    #[error("template {name}, line {line}: {reason}")]
    Template {
        /// The template's path under `templates/`.
        name: String,
        /// Counted from 1; 0 where it is not known.
        line: usize,
        /// The engine's description, which holds no values.
        reason: String,
    },
    /// A template's output is not YAML.
    #[error("template {name} gives no YAML: {source}")]
    Yaml {
        /// The template's path under `templates/`.
        name: String,
        /// What is wrong with it.
        source: YamlError,
    },
    /// A template's output is no object of ours.
    #[error("template {name}: {source}")]
    Object {
        /// The template's path under `templates/`.
        name: String,
        /// What is wrong with it.
        source: ObjectError,
    },
    /// A field without a value, which the API reads as "everything" in places.
    #[error("{reference}: {path} has no value")]
    Null {
        /// In which object.
        reference: ObjectRef,
        /// JSON pointer of the field.
        path: String,
    },
    /// Two templates make the same object.
    #[error("{0} is rendered twice")]
    DuplicateObject(ObjectRef),
    /// A container has an environment variable twice, which server-side apply refuses.
    #[error("{reference}: container {container} has {name} twice")]
    DuplicateEnv {
        /// In which object.
        reference: ObjectRef,
        /// In which container.
        container: String,
        /// Which variable.
        name: String,
    },
}

impl RenderError {
    /// The next step for the reader, where there is one.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NoIngress => {
                "set OPENHIVE_INGRESS_HOST, _TLS_SECRET and _CLASS, or use --profile gateway"
            }
            Self::PullSecret { .. } => {
                "make it with: kubectl create secret docker-registry NAME -n NAMESPACE"
            }
            _ => "this is a defect of kubectl-openhive: please report it",
        }
    }
}
