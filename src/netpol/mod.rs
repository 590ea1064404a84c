//! Network policies and flows to decisions. Pure: `docs/network-policy.md`.
