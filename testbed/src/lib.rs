//! A real Kubernetes on one Linux machine, as a library for tests and a command for people.
//!
//! Two shapes: [`ControlPlane`] is etcd, the API server and the controllers on ports of 127.0.0.1, for tests of what
//! talks to an API server. [`Node`] adds a kubelet, containerd and pods, Services and DNS, and a network namespace that
//! plays the rest of the world. `docs/testbed.md` says what they are made of and what they need.
//!
//! An instance ends with the value that stands for it, and with the process that holds this value, however that ends:
//! no process, mount, network namespace or cgroup is left.

mod artefact;
pub mod cluster;
mod control_plane;
mod error;
mod failure;
mod files;
pub mod images;
mod instance;
mod kubeconfig;
mod kubectl;
pub mod node;
mod pki;
mod progress;
pub mod tools;

pub use artefact::{Cache, lock};
pub use control_plane::{ControlPlane, ControlPlaneOptions};
pub use error::{Error, Result};
pub use failure::KeepOnFailure;
pub use instance::sweep;
pub use kubeconfig::CONTEXT;
pub use node::{Cilium, Cni, Denials, Node, NodeOptions};
pub use progress::span;
