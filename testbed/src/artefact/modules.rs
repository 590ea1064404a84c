//! The Go modules of `testbed/go` and what is built from each.

use super::go::{Build, Module};

/// `etcd`, the Kubernetes programs and `kubectl`.
pub(crate) const KUBERNETES: Module = Module {
    name: "kube",
    what: "Kubernetes 1.36 and etcd",
    estimate: "6 min",
    builds: &[Build {
        output: "hyper",
        values: &[
            "k8s.io/component-base/version.gitVersion=v1.36.3",
            "k8s.io/component-base/version.gitMajor=1",
            "k8s.io/component-base/version.gitMinor=36",
        ],
        ..Build::of(&["."])
    }],
    links: &[
        ("etcd", "hyper"),
        ("kube-apiserver", "hyper"),
        ("kube-controller-manager", "hyper"),
        ("kube-scheduler", "hyper"),
        ("kubelet", "hyper"),
        ("kube-proxy", "hyper"),
        ("kubectl", "hyper"),
    ],
    folders: &[],
};

/// `containerd`, its shim, `ctr` and `coredns`.
pub(crate) const RUNTIME: Module = Module {
    name: "runtime",
    what: "containerd 2.2 and CoreDNS 1.14",
    estimate: "3 min",
    builds: &[Build {
        tags: "no_btrfs no_devmapper no_zfs",
        ..Build::of(&[
            "github.com/containerd/containerd/v2/cmd/containerd",
            "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
            "github.com/containerd/containerd/v2/cmd/ctr",
            "github.com/coredns/coredns",
        ])
    }],
    links: &[],
    folders: &[],
};

/// `cilium-agent`, `cilium-cni`, the sources of its BPF programs in `bpf` and its resource definitions in `crds`.
pub(crate) const CILIUM: Module = Module {
    name: "cilium",
    what: "Cilium 1.20, which enforces network policies",
    estimate: "4 min",
    builds: &[
        Build {
            output: "cilium-agent",
            tags: "osusergo",
            values: &["github.com/cilium/cilium/pkg/version.ciliumVersion=1.20.2"],
            ..Build::of(&["github.com/cilium/cilium/daemon"])
        },
        Build::of(&["github.com/cilium/cilium/plugins/cilium-cni"]),
    ],
    links: &[],
    folders: &[
        ("github.com/cilium/cilium", "bpf", "bpf"),
        ("github.com/cilium/cilium", "pkg/k8s/apis/cilium.io/client/crds", "crds"),
    ],
};

/// `registry`.
pub(crate) const REGISTRY: Module = Module {
    name: "registry",
    what: "the image registry (distribution 3.1)",
    estimate: "1 min",
    builds: &[Build::of(&["github.com/distribution/distribution/v3/cmd/registry"])],
    links: &[],
    folders: &[],
};

/// `pause`, `world`, and the CNI plugin `no-offload`.
pub(crate) const SMALL: Module = Module {
    name: "small",
    what: "the pause program, the hosts outside, and a CNI plugin",
    estimate: "10 s",
    builds: &[Build::of(&["./pause", "./world", "./no-offload"])],
    links: &[],
    folders: &[],
};

/// `kwok` and, in `stage`, its life cycles of nodes and pods.
pub(crate) const KWOK: Module = Module {
    name: "kwok",
    what: "kwok, which plays nodes",
    estimate: "2 min",
    builds: &[Build::of(&["sigs.k8s.io/kwok/cmd/kwok"])],
    links: &[],
    folders: &[("sigs.k8s.io/kwok", "kustomize/stage", "stage")],
};

/// `helm`, which benchmarks compare with.
pub(crate) const HELM: Module = Module {
    name: "helm",
    what: "Helm 4.3",
    estimate: "4 min",
    builds: &[Build::of(&["helm.sh/helm/v4/cmd/helm"])],
    links: &[],
    folders: &[],
};

/// `kustomize`, which benchmarks compare with.
pub(crate) const KUSTOMIZE: Module = Module {
    name: "kustomize",
    what: "Kustomize 5.8",
    estimate: "1 min",
    builds: &[Build { output: "kustomize", ..Build::of(&["sigs.k8s.io/kustomize/kustomize/v5"]) }],
    links: &[],
    folders: &[],
};

/// `netpol-analyzer`, an independent reading of NetworkPolicy.
pub(crate) const NETPOL_ANALYZER: Module = Module {
    name: "netpol-analyzer",
    what: "NP-Guard's netpol-analyzer 1.4",
    estimate: "2 min",
    builds: &[Build {
        output: "netpol-analyzer",
        ..Build::of(&["github.com/np-guard/netpol-analyzer/cmd/netpolicy"])
    }],
    links: &[],
    folders: &[],
};
