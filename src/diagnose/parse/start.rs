//! Why the runtime cannot start a container's process (`CreateContainerError`, `RunContainerError`,
//! and the reason `StartError` of a terminated container).

use serde::Serialize;

use super::between;

/// What the start failed of.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "code", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum StartError {
    /// The image has no such program.
    NoProgram {
        /// The program.
        program: String,
    },
    /// The program may not be executed by the container's user.
    NotExecutable {
        /// The program.
        program: String,
    },
    /// The program is made for another architecture.
    WrongArchitecture,
    /// Something else: the message is the evidence.
    Unrecognised,
}

impl StartError {
    /// Reads `state.waiting.message` or `state.terminated.message`.
    #[must_use]
    pub fn parse(message: &str) -> Self {
        if message.contains("exec format error") {
            return Self::WrongArchitecture;
        }
        let program = || {
            between(message, "exec: \"", "\"")
                .or_else(|| between(message, "stat ", ": no such file"))
                .map(ToOwned::to_owned)
        };
        let absent =
            message.contains("executable file not found") || message.contains("no such file");
        match program() {
            Some(program) if absent => Self::NoProgram { program },
            Some(program) if message.contains("permission denied") => {
                Self::NotExecutable { program }
            }
            _ => Self::Unrecognised,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StartError;

    #[test]
    fn each_message_has_its_error() {
        assert_eq!(
            StartError::parse(
                "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: \"alembic\": executable file not found in $PATH: unknown"
            ),
            StartError::NoProgram { program: "alembic".into() }
        );
        assert_eq!(
            StartError::parse(
                "OCI runtime create failed: runc create failed: unable to start container process: exec: \"/app/bootstrap-config.sh\": stat /app/bootstrap-config.sh: no such file or directory: unknown"
            ),
            StartError::NoProgram { program: "/app/bootstrap-config.sh".into() }
        );
        assert_eq!(
            StartError::parse(
                "unable to start container process: exec: \"/app/x.sh\": permission denied: unknown"
            ),
            StartError::NotExecutable { program: "/app/x.sh".into() }
        );
        assert_eq!(
            StartError::parse("exec /usr/local/bin/python: exec format error"),
            StartError::WrongArchitecture
        );
        assert_eq!(StartError::parse("failed to reserve container name"), StartError::Unrecognised);
    }
}
