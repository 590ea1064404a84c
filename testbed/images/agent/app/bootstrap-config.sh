#!/bin/sh
# Copies the default agent configuration into the writable volume, and never overwrites a file there.
set -eu
trap 'exit 143' TERM

source=${HIVE_DEFAULTS:-/app/defaults/agent}
target=${HIVE_WORKSPACE:-/data/config}
app=$(dirname "$(dirname "$source")")
version=$(cat "$app/VERSION")

say() { printf '{"level":"%s","role":"agent","logger":"bootstrap-config","message":"%s"}\n' "$1" "$2"; }

if [ "$(cat "$app/FAULT" 2>/dev/null)" = bootstrap-fails ]; then
    say error "bootstrap failed: the checksum of $source/HEARTBEAT.md does not match" >&2
    exit 1
fi
if ! [ -d "$target" ] || ! [ -w "$target" ]; then
    say error "bootstrap failed: $target must be a writable volume" >&2
    exit 1
fi

cd "$source"
copy() {
    for entry in "$1"/*; do
        [ -e "$entry" ] || continue
        if [ -d "$entry" ]; then
            mkdir -p "$target/$entry"
            copy "$entry"
        elif [ -e "$target/$entry" ]; then
            say info "kept ${entry#./}"
        else
            cp "$entry" "$target/$entry.bootstrap" && mv "$target/$entry.bootstrap" "$target/$entry"
            say info "wrote ${entry#./}"
        fi
    done
}
copy .
printf '%s\n' "$version" > "$target/.version"
say info "configuration is at version $version"
