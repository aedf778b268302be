#!/bin/sh
# The entry point of a Docker daemon in a container, with the contract of the
# official image's dockerd-entrypoint.sh:
#   - no arguments, or flags only: dockerd listens on /var/run/docker.sock and,
#     with TLS, on tcp 2376. $DOCKER_TLS_CERTDIR/{ca,server,client} get their
#     keys and certificates; server and client are signed anew at every start,
#     for all addresses of the container, its name, docker, localhost and
#     $DOCKER_TLS_SAN (DNS:a,DNS:b; commas or new lines between)
#   - with an empty DOCKER_TLS_CERTDIR: tcp 2375 without TLS
#   - the first argument is dockerd: that, with nothing added
#   - anything else: that, as it is
# The user's /etc/docker/daemon.json is left alone and obeyed.
set -eu

say() {
	printf 'dockerd-entrypoint: %s\n' "$*" >&2
}

# private_key FILE makes the key if there is none.
private_key() {
	[ -s "$1" ] || (umask 077 && openssl ecparam -name prime256v1 -genkey -noout -out "$1")
}

# names prints what the server's certificate is valid for.
names() {
	{
		ip -oneline address | awk '{ sub("/.*", "", $4); print "IP:" $4 }'
		printf 'DNS:%s\n' "$(hostname)" docker localhost
		printf '%s\n' "${DOCKER_TLS_SAN:-}" | tr ',' '\n' | tr -d ' \t'
	} | awk 'NF && !seen[$0]++' | paste -s -d ,
}

# sign DIRECTORY SUBJECT EXTENSIONS signs DIRECTORY/key.pem with the CA.
sign() {
	private_key "$1/key.pem"
	openssl req -new -key "$1/key.pem" -subj "/CN=$2" -out "$1/csr.pem"
	printf '%s\n' "$3" >"$1/openssl.cnf"
	openssl x509 -req -in "$1/csr.pem" -CA "$certs/ca/cert.pem" -CAkey "$certs/ca/key.pem" -CAcreateserial \
		-days 825 -extfile "$1/openssl.cnf" -out "$1/cert.pem.new" 2>/dev/null
	mv "$1/cert.pem.new" "$1/cert.pem"
	cp "$certs/ca/cert.pem" "$1/ca.pem"
	openssl verify -CAfile "$1/ca.pem" "$1/cert.pem" >/dev/null
}

# certificates brings $DOCKER_TLS_CERTDIR up to date.
certificates() {
	certs=$1
	mkdir -p "$certs/ca" "$certs/client" "$certs/server"

	# Somebody manages these without us: only look at them.
	if [ -s "$certs/server/ca.pem" ] && [ -s "$certs/server/cert.pem" ] && [ -s "$certs/server/key.pem" ] &&
		[ ! -s "$certs/ca/key.pem" ]; then
		openssl verify -CAfile "$certs/server/ca.pem" "$certs/server/cert.pem"
		return
	fi

	if [ -s "$certs/ca/key.pem" ] || [ ! -s "$certs/ca/cert.pem" ]; then
		private_key "$certs/ca/key.pem"
		openssl req -new -x509 -key "$certs/ca/key.pem" -subj '/CN=docker:dind CA' -days 825 -out "$certs/ca/cert.pem"
	fi
	[ -s "$certs/ca/key.pem" ] || return 0
	sign "$certs/server" 'docker:dind server' "subjectAltName = $(names)"
	sign "$certs/client" 'docker:dind client' 'extendedKeyUsage = clientAuth'
	chmod 0644 "$certs/client/key.pem" # controllers need not be root
}

# lacks_capabilities tells whether this container may not have all there are.
lacks_capabilities() {
	read -r last </proc/sys/kernel/cap_last_cap
	bound=$(awk '$1 == "CapBnd:" { print $2 }' /proc/self/status)
	[ $((0x$bound)) -ne $(((1 << (last + 1)) - 1)) ]
}

# nest prepares the container to hold containers (as moby's hack/dind does).
nest() {
	if [ -d /sys/kernel/security ] && ! mountpoint -q /sys/kernel/security; then
		mount -t securityfs none /sys/kernel/security 2>/dev/null ||
			say 'securityfs cannot be mounted; AppArmor and privileged mode may not work'
	fi
	mountpoint -q /tmp || mount -t tmpfs none /tmp
	if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
		# A cgroup that has processes cannot hand controllers on, so these move
		# out of the way; again, as long as new ones (docker exec) come in.
		mkdir -p /sys/fs/cgroup/init
		until
			xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs 2>/dev/null || :
			sed 's/ / +/g;s/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
		do :; done
	fi
	mount --make-rshared /
}

# choose_iptables falls back to the legacy back end where the kernel has no nft.
choose_iptables() {
	if [ -z "${DOCKER_IPTABLES_LEGACY+set}" ]; then
		iptables -w -n -L >/dev/null 2>&1 && return
		iptables-legacy -w -n -L >/dev/null 2>&1 || return 0 # neither: dockerd says why
	fi
	mkdir -p /usr/local/lib/iptables-legacy
	for name in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
		ln -sf "$(command -v xtables-legacy-multi)" "/usr/local/lib/iptables-legacy/$name"
	done
	PATH=/usr/local/lib/iptables-legacy:$PATH
}

if [ "$#" -eq 0 ] || [ "${1#-}" != "$1" ]; then
	socket=unix:///var/run/docker.sock
	case ${DOCKER_HOST:-} in unix://*) socket=$DOCKER_HOST ;; esac
	if [ -n "${DOCKER_TLS_CERTDIR:-}" ]; then
		certificates "$DOCKER_TLS_CERTDIR"
		set -- dockerd --host="$socket" --host=tcp://0.0.0.0:2376 --tlsverify \
			--tlscacert "$DOCKER_TLS_CERTDIR/server/ca.pem" \
			--tlscert "$DOCKER_TLS_CERTDIR/server/cert.pem" \
			--tlskey "$DOCKER_TLS_CERTDIR/server/key.pem" "$@"
	else
		say 'without TLS (DOCKER_TLS_CERTDIR is empty) whoever reaches port 2375 is root here'
		set -- dockerd --host="$socket" --host=tcp://0.0.0.0:2375 --tls=false "$@"
	fi
fi

[ "$1" = dockerd ] || exec "$@"

# Left by a container that was killed: nobody runs under these numbers now.
find /run -name 'docker*.pid' -delete 2>/dev/null || :
rm -f /run/docker/containerd/containerd.pid /run/docker/containerd/docker-containerd.pid

export container=docker
choose_iptables
nest
if lacks_capabilities; then
	PATH=/usr/local/lib/runtime-fit:$PATH
fi
export PATH
[ $$ != 1 ] || ! command -v docker-init >/dev/null || set -- docker-init -- "$@"
exec "$@"
