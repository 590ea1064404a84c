# Keeps one instance of a testbed. Run by testbed/src/instance/mod.rs as
#
#   sh -c THIS supervisor FOLDER CGROUP NAMESPACE...
#
# All of the instance runs in one PID namespace, whose first process is the shell below. When that ends, the kernel
# kills everything in it, and with the last process its mount and network namespaces go as well. It ends when the pipe
# on standard input closes, which happens however the owner dies, unless the line `detach` came before; from then on it
# ends when somebody kills it.
#
# The outer shell then removes what is left: the cgroups and the folder. Standard output is the instance's lock file,
# which stays locked as long as one of these processes lives.
trap '' INT TERM HUP QUIT PIPE
folder=$1 cgroup=$2
shift 2

unshare --fork --pid --mount --propagation private --kill-child=KILL "$@" sh -c '
    read -r pid rest < /proc/self/stat # /proc is still the outer one: the PID that others know us by
    mount -t proc proc /proc || exit 1
    # In memory: with a busy disk, etcd would wait for it at its start even though it is told not to sync.
    mount -t tmpfs -o mode=700 tmpfs "$1/etcd" || exit 1
    echo "ready $pid" >&2
    exec 2>/dev/null
    # Waiting for a program, the shell also collects the orphans of the namespace; its own `read` would not.
    [ "$(head -n 1)" = detach ] && sleep infinity
' init "$folder"

exec 2>/dev/null
if [ -n "$cgroup" ]; then
    tries=0
    while [ $tries -lt 50 ]; do
        find /sys/fs/cgroup -depth -type d -path "*/$cgroup*" -exec rmdir {} +
        [ -z "$(find /sys/fs/cgroup -maxdepth 2 -type d -name "$cgroup")" ] && break
        tries=$((tries + 1))
        sleep 0.1
    done
fi
rm -rf "$folder"
