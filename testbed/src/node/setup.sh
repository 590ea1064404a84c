# Makes the namespaces of a node: run inside the instance, once, by testbed/src/node/mod.rs as
#
#   sh -e -c THIS setup FOLDER DEBIAN CGROUP
#
# Mounts and network namespaces made here are private to the instance and end with it.
folder=$1 debian=$2 cgroup=$3
umask 022
PATH=$debian/bin:$PATH

# Places that the node's programs write to by name. Nothing of this is seen outside, and no folder is left behind.
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/lib
mount -t tmpfs -o mode=755 tmpfs /var/log
mkdir -p /run/cilium/cgroupv2 /run/netns /run/containerd /run/openhive/debian /run/openhive/images /run/lock
mkdir -p /var/lib/kubelet /var/lib/cni /var/lib/cilium /var/log/pods /var/log/containers
mkdir -p "$folder/log/pods"
mount --bind "$folder/log/pods" /var/log/pods
# PostgreSQL does not run as root, and another user may not be able to enter the cache.
mount --bind "$debian" /run/openhive/debian
# It reads time zones from the system's folder, which a small system may lack.
if [ ! -d /usr/share/zoneinfo ]; then
    mount -t overlay overlay -o "lowerdir=$debian/root/usr/share:/usr/share" /usr/share
fi
# Systems with systemd have one already, and Cilium refuses two, one over the other.
mounts=$(grep -c ' /sys/fs/bpf ' /proc/self/mounts || true)
while [ "$mounts" -gt 0 ]; do
    umount --lazy /sys/fs/bpf
    mounts=$((mounts - 1))
done
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 none /run/cilium/cgroupv2
# The name server of the node is the one outside of the cluster.
resolv=$(readlink -f /etc/resolv.conf || echo /etc/resolv.conf)
mkdir -p "${resolv%/*}"
[ -e "$resolv" ] || : > "$resolv"
mount --bind "$folder/resolv.conf" "$resolv"

# A cgroup of its own for the kubelet. Version 1 has one a controller, and a new cpuset is empty until it is filled.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mkdir -p "/sys/fs/cgroup/$cgroup"
else
    for hierarchy in /sys/fs/cgroup/*/; do
        case $hierarchy in */unified/) continue ;; esac
        mkdir -p "$hierarchy$cgroup"
    done
    for file in cpuset.cpus cpuset.mems; do
        cat "/sys/fs/cgroup/cpuset/$file" > "/sys/fs/cgroup/cpuset/$cgroup/$file"
    done
fi

# The node on one side, the world on the other. The node's default route leads there, and nowhere from there.
ip netns add world
ip link set lo up
ip link add n0 type veth peer name w0 netns world
ip addr add 172.31.0.1/24 dev n0
ip link set n0 up
ip route add default via 172.31.0.2
ip -n world link set lo up
ip -n world addr add 172.31.0.2/24 dev w0
ip -n world link set w0 up
ip -n world route add 10.244.0.0/16 via 172.31.0.1
for address in 203.0.113.10 203.0.113.20 203.0.113.30 203.0.113.31 203.0.113.53 198.51.100.7 169.254.169.254; do
    ip -n world addr add "$address/32" dev lo
done
echo 1 > /proc/sys/net/ipv4/ip_forward
