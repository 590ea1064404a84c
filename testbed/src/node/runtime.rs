//! The node's own programs: containerd, kubelet and kube-proxy.

use std::path::PathBuf;
use std::process::Command;

use super::cni::NO_OFFLOAD;
use super::network::{CLUSTER_DNS, INFRA_NAME, NODE, NODE_NAME, PODS};
use super::{Programs, REGISTRY_NAME};
use crate::artefact::infra;
use crate::error::Result;
use crate::files;
use crate::instance::{Component, Instance, cgroup_name};
use crate::pki::Authority;

/// The folder of CNI configurations, which containerd watches.
pub(super) fn cni_folder(instance: &Instance) -> PathBuf {
    instance.folder().join("cni")
}

/// The socket of containerd.
pub(super) fn socket(instance: &Instance) -> PathBuf {
    instance.folder().join("containerd/socket")
}

/// `PATH` inside the node: Debian's unpacked programs and containerd's shim first.
pub(super) fn path(programs: &Programs) -> String {
    let (debian, runtime) = (programs.debian.folder().join("bin"), &programs.runtime);
    format!("{}:{}:/usr/sbin:/usr/bin:/sbin:/bin", debian.display(), runtime.display())
}

pub(super) fn start_containerd(instance: &Instance, programs: &Programs) -> Result<Component> {
    let folder = instance.folder().join("containerd");
    files::create_dir(&folder)?;
    files::create_dir(&cni_folder(instance))?;
    let registries = folder.join("certs.d");
    for name in [REGISTRY_NAME, INFRA_NAME] {
        files::create_dir(&registries.join(name))?;
        let hosts = format!(
            "server = \"http://{name}\"\n[host.\"http://{name}\"]\n  capabilities = [\"pull\", \"resolve\"]\n"
        );
        files::write(&registries.join(name).join("hosts.toml"), hosts)?;
    }
    let bin = folder.join("cni-bin");
    files::create_dir(&bin)?;
    for (source, names) in [
        (programs.debian.cni(), &["loopback", "ptp", "host-local", "portmap"][..]),
        (programs.cilium.clone().unwrap_or_default(), &["cilium-cni"][..]),
        (programs.small.clone(), &[NO_OFFLOAD][..]),
    ] {
        for name in names.iter().filter(|name| source.join(name).exists()) {
            files::run(Command::new("cp").arg(source.join(name)).arg(&bin))?;
        }
    }
    // `restrict_oom_score_adj`: without CAP_SYS_RESOURCE a lower score cannot be set, and runc would end without a word.
    let config = format!(
        "version = 3\n\
         root = \"{folder}/root\"\n\
         state = \"{folder}/state\"\n\
         disabled_plugins = [\"io.containerd.nri.v1.nri\"]\n\
         [grpc]\n\
         address = \"{socket}\"\n\
         [plugins.'io.containerd.cri.v1.runtime']\n\
         restrict_oom_score_adj = true\n\
         [plugins.'io.containerd.cri.v1.runtime'.cni]\n\
         bin_dirs = [\"{bin}\"]\n\
         conf_dir = \"{cni}\"\n\
         [plugins.'io.containerd.cri.v1.runtime'.containerd]\n\
         default_runtime_name = \"runc\"\n\
         [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n\
         runtime_type = \"io.containerd.runc.v2\"\n\
         [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]\n\
         SystemdCgroup = false\n\
         BinaryName = \"{runc}\"\n\
         [plugins.'io.containerd.cri.v1.images'.registry]\n\
         config_path = \"{registries}\"\n\
         [plugins.'io.containerd.cri.v1.images'.pinned_images]\n\
         sandbox = \"{INFRA_NAME}/{pause}\"\n",
        folder = folder.display(),
        socket = socket(instance).display(),
        bin = bin.display(),
        cni = cni_folder(instance).display(),
        runc = programs.debian.folder().join("bin/runc").display(),
        registries = registries.display(),
        pause = infra::PAUSE,
    );
    let path_of_config = folder.join("config.toml");
    files::write(&path_of_config, config)?;
    let mut containerd = instance.command(programs.runtime.join("containerd"));
    containerd.arg("--config").arg(path_of_config).env("PATH", path(programs));
    instance.spawn("containerd", containerd)
}

pub(super) fn start_kubelet(
    instance: &Instance,
    programs: &Programs,
    authority: &Authority,
) -> Result<Component> {
    let folder = instance.folder();
    let config = serde_json::json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": false,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": format!("/{}", cgroup_name(folder)),
        "enforceNodeAllocatable": [],
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true},
            "x509": {"clientCAFile": authority.certificate()},
        },
        "authorization": {"mode": "Webhook"},
        "clusterDNS": [CLUSTER_DNS],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": format!("unix://{}", socket(instance).display()),
        "failSwapOn": false,
        // The disk belongs to somebody else: its fullness must neither evict pods nor remove images.
        "evictionHard": {"memory.available": "100Mi"},
        "imageGCHighThresholdPercent": 100,
        "serializeImagePulls": false,
        "registryPullQPS": 0,
        "eventRecordQPS": 0,
        "kubeAPIQPS": 200,
        "kubeAPIBurst": 400,
        "resolvConf": folder.join("resolv.conf"),
    });
    let path_of_config = folder.join("kubelet.json");
    files::write(&path_of_config, config.to_string())?;
    let mut kubelet = instance.command(programs.kubernetes.join("kubelet"));
    kubelet
        .arg("--config")
        .arg(path_of_config)
        .arg("--kubeconfig")
        .arg(folder.join("kubelet.kubeconfig"));
    kubelet.arg("--root-dir").arg(folder.join("kubelet"));
    kubelet.arg(format!("--hostname-override={NODE_NAME}")).arg(format!("--node-ip={NODE}"));
    kubelet.env("PATH", path(programs));
    instance.spawn("kubelet", kubelet)
}

pub(super) fn start_proxy(instance: &Instance, programs: &Programs) -> Result<Component> {
    let folder = instance.folder();
    let config = serde_json::json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": folder.join("kubeconfig")},
        "clusterCIDR": PODS,
        "mode": "iptables",
        "hostnameOverride": NODE_NAME,
        // The limit is one of the whole machine, which is not the testbed's to set.
        "conntrack": {"maxPerCore": 0},
    });
    let path_of_config = folder.join("proxy.json");
    files::write(&path_of_config, config.to_string())?;
    let mut proxy = instance.command(programs.kubernetes.join("kube-proxy"));
    proxy.arg("--config").arg(path_of_config).env("PATH", path(programs));
    instance.spawn("kube-proxy", proxy)
}
