# Keeps what `cargo xtask fresh` makes, and removes all of it. Run by xtask/src/fresh.rs as
#
#   sh -c THIS fresh FOLDER XTASK HIDDEN...
#
# Everything runs in one PID namespace and one mount namespace, in which the folders HIDDEN are empty. The namespace's
# first process waits on the pipe on standard input, which closes however its owner ends: return, Ctrl-C or a kill.
# The kernel then kills everything in it, and the mounts go as well. The outer shell removes the cgroups of testbeds that
# were killed, and the folder.
trap '' INT TERM HUP QUIT PIPE
folder=$1 xtask=$2
shift 2

unshare --fork --pid --mount --propagation private --kill-child=KILL sh -c '
    read -r pid rest < /proc/self/stat # /proc is still the outer one: the PID that others know us by
    mount -t proc proc /proc || exit 1
    for hidden; do
        mount -t tmpfs tmpfs "$hidden" || exit 1
    done
    echo "$pid"
    exec > /dev/null
    # Waiting for a program, the shell also collects the orphans of the namespace.
    cat
' init "$@"

[ -e "$folder/done" ] || echo "fresh: removing $folder" >&2
OPENHIVE_TESTBED_CACHE=$folder/home/.cache/openhive-testbed "$xtask" cluster down > /dev/null
rm -rf "$folder"
[ ! -e "$folder" ] || echo "fresh: $folder could not be removed" >&2
