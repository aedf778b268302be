#!/usr/bin/env bash
# Makes a Debian or Ubuntu machine ready for the examples: Docker from the
# distribution's packages, started, and dindctl from the repository's bin
# directory. It is idempotent; it runs as root.
#
# Usage: docker/vagrant-provision.sh [REPOSITORY]   (default: /vagrant)
set -euo pipefail

repository=${1:-/vagrant}
binary=$repository/bin/dindctl

fail() {
	printf 'vagrant-provision.sh: %s\n' "$*" >&2
	exit 1
}

[ -x "$binary" ] || fail "$binary is not there; run \`make build\` on the host first"
"$repository/docker/ensure-engine.sh"
install -m 755 "$binary" /usr/local/bin/dindctl
if id vagrant >/dev/null 2>&1 && getent group docker >/dev/null; then
	usermod -aG docker vagrant
fi
dindctl version
docker version --format 'Docker {{.Server.Version}}'
