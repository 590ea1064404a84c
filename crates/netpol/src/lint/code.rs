//! The codes of lints. A code never changes its meaning, and is never given to something else.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::finding::Severity;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $severity:ident, $title:literal;)*) => {
        /// What a lint is about. Ordered by number.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// All of them, by number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// `OHN001`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// How bad it is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// In a few words; the heading of its section in `docs/lint.md`.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// The `podSelector` of a policy matches no pod of its namespace.
    PolicySelectsNothing = "OHN001", Warning, "a policy that selects no pod";
    /// A peer's selectors match no pod, though the pods they speak of are in the input.
    PeerSelectsNothing = "OHN002", Warning, "a peer that matches no pod";
    /// A rule's port that no container of its destinations declares.
    PortNotServed = "OHN003", Warning, "a port that nothing listens on";
    /// Name resolution is let out by one of its two protocols.
    DnsByOneProtocol = "OHN004", Warning, "DNS by UDP or TCP alone";
    /// A Service's port where its pods listen on another.
    ServicePort = "OHN005", Warning, "a Service's port instead of its pods'";
    /// A block of addresses of Services.
    ServiceRange = "OHN006", Warning, "an ipBlock of Service addresses";
    /// A policy opens to everyone what a default deny closes.
    AllowAll = "OHN007", Error, "allow-all beside default-deny";
    /// A pod that is made later may be selected by no policy.
    LaterPods = "OHN008", Warning, "pods made later are not covered";
    /// A rule lets pods reach the metadata service of a cloud.
    Metadata = "OHN009", Warning, "cloud metadata is open";
    /// Rules of a direction that is not in `policyTypes`.
    IdleRules = "OHN010", Error, "rules of a direction that policyTypes leaves out";
    /// No policy isolates a workload.
    NotIsolated = "OHN011", Note, "a workload that nothing isolates";
    /// A port's name that no destination of the rule declares.
    PortName = "OHN012", Warning, "a port name that stands for nothing";
    /// A Service or Ingress whose pods let nobody in.
    PublishedButClosed = "OHN013", Warning, "published but closed";
    /// Host bits or leading zeros in an address block.
    CidrSpelling = "OHN014", Warning, "an address block that is misspelt";
    /// Two containers of a pod give one name to different ports.
    AmbiguousPortName = "OHN015", Warning, "one port name, different numbers";
    /// An ingress `ipBlock` on pods that a Service hides the client's address from.
    ClientAddressLost = "OHN016", Warning, "an ipBlock behind a Service that hides the client";
    /// A selector reads a label of which the input does not tell the value.
    UnknownLabel = "OHN017", Note, "a label that the input does not tell";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}
