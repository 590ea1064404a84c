//! Faults that tests put into the evaluation, one at a time, to see that they are found.
//!
//! Outside of tests [`is`] is the constant `false`.

/// A fault, named after what the evaluation then gets wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mutant {
    /// `egress: []` without `policyTypes` isolates egress.
    EmptyEgressIsolates,
    /// Rules of a direction that is not in `policyTypes` isolate.
    TypesIgnored,
    /// A rule without peers matches nobody.
    NoPeersIsNobody,
    /// A rule without ports opens none.
    NoPortsIsNone,
    /// A policy selects pods of every namespace.
    SelectsEverywhere,
    /// A `podSelector` peer means every namespace.
    OwnIsEverywhere,
    /// Of several peers all must match.
    PeersNarrow,
    /// `NotIn` does not match where the key is absent.
    NotInNeedsKey,
    /// `DoesNotExist` matches where the key is there.
    DoesNotExistMatches,
    /// A namespace's own `kubernetes.io/metadata.name` counts.
    NameForged,
    /// A namespace that is not in the input has no other label.
    UnlistedIsBare,
    /// The ingress of the destination is not asked.
    IngressIgnored,
    /// Policies do not add up: the last one counts.
    LastPolicyWins,
    /// The protocol defaults to UDP.
    DefaultsToUdp,
    /// `endPort` is not included.
    EndPortExcluded,
    /// A port's name stands for any protocol's number.
    NameAnyProtocol,
    /// `except` is ignored.
    ExceptIgnored,
    /// A block holds pods on a plugin that is not known.
    BlocksHoldPods,
    /// Policies apply to pods on their node's network.
    HostNetworkOrdinary,
    /// Policies deny a pod to itself.
    SelfDenied,
    /// Pass allows finally.
    PassAllows,
    /// A higher priority number comes first.
    PriorityReversed,
    /// The baseline counts where a NetworkPolicy selects the pod.
    BaselineFinal,
    /// Policies of other projects are overlooked.
    ForeignIgnored,
    /// A doubt counts as certain.
    DoubtIsYes,
}

#[cfg(test)]
thread_local! {
    static ACTIVE: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Whether the fault is active.
#[inline]
pub(crate) fn is(mutant: Mutant) -> bool {
    #[cfg(test)]
    return ACTIVE.get() == Some(mutant);
    #[cfg(not(test))]
    {
        let _ = mutant;
        false
    }
}

#[cfg(test)]
impl Mutant {
    pub(crate) const ALL: [Self; 25] = [
        Self::EmptyEgressIsolates,
        Self::TypesIgnored,
        Self::NoPeersIsNobody,
        Self::NoPortsIsNone,
        Self::SelectsEverywhere,
        Self::OwnIsEverywhere,
        Self::PeersNarrow,
        Self::NotInNeedsKey,
        Self::DoesNotExistMatches,
        Self::NameForged,
        Self::UnlistedIsBare,
        Self::IngressIgnored,
        Self::LastPolicyWins,
        Self::DefaultsToUdp,
        Self::EndPortExcluded,
        Self::NameAnyProtocol,
        Self::ExceptIgnored,
        Self::BlocksHoldPods,
        Self::HostNetworkOrdinary,
        Self::SelfDenied,
        Self::PassAllows,
        Self::PriorityReversed,
        Self::BaselineFinal,
        Self::ForeignIgnored,
        Self::DoubtIsYes,
    ];

    /// Runs with the fault.
    pub(crate) fn during<T>(self, run: impl FnOnce() -> T) -> T {
        ACTIVE.set(Some(self));
        let result = run();
        ACTIVE.set(None);
        result
    }
}
