# Programs from Debian's (or Ubuntu's) packages without installing them: unpacked
# with all the libraries that they load, so that they run on this machine whatever
# C library it has. To be sourced; needs apt, no root rights.
# shellcheck shell=bash

# packages_mirror SUITE prints the mirror from which apt takes a release's main
# component; for another release of Debian than this machine's, Debian's mirror here;
# nothing for this machine's own where apt uses no mirror: debootstrap has a default.
packages_mirror() {
	local id own
	# shellcheck disable=SC1091
	read -r id own < <(. /etc/os-release && printf '%s %s\n' "${ID:-}" "${VERSION_CODENAME:-}")
	# shellcheck disable=SC2016 # these are apt's variables
	apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(SITE)' 'Created-By: Packages' 2>/dev/null |
		awk -v suite="$1" -v id="$id" -v own="$own" '
			$2 != "main" || $3 !~ /^https?:/ || $1 ~ /-/ { next }
			$1 == suite { exact = $3; exit }
			id == "debian" && !near { near = $3 }
			END {
				if (exact) print exact
				else if (suite != own) print near ? near : "http://deb.debian.org/debian"
			}'
}

# packages_unpack ROOT WORK SUITE PACKAGE... unpacks the packages and all that they
# depend on below ROOT, as if nothing was installed yet. An empty SUITE is this
# machine's own release, with all its sources. WORK is for apt's own files.
packages_unpack() {
	local root=$1 work=$2 suite=$3 options deb
	shift 3
	mkdir -p "$work/debs" "$root"/usr/{bin,sbin,lib,lib64}
	ln -s usr/bin usr/sbin usr/lib usr/lib64 "$root/"
	: >"$work/status"
	options=(-qq -o "Dir::State::status=$work/status" -o Debug::NoLocking=1)
	if [ -n "$suite" ]; then
		mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"
		printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
			"$(packages_mirror "$suite")" "$suite" >"$work/sources"
		options+=(-o "Dir::State=$work/state" -o "Dir::Cache=$work/cache" -o "Dir::Etc::sourcelist=$work/sources"
			-o Dir::Etc::sourceparts=/dev/null -o "APT::Sandbox::User=$(id -un)")
		apt-get "${options[@]}" update >"$work/log" 2>&1 || {
			cat "$work/log" >&2
			fail "apt could not read the packages of $suite"
		}
	fi
	apt-get "${options[@]}" --no-install-recommends --print-uris install "$@" |
		awk '{ sub("_.*", "", $2); print $2 }' >"$work/names" || fail "apt does not know $*; run apt-get update"
	(cd "$work/debs" && xargs apt-get "${options[@]}" download <"$work/names" >"$work/log" 2>&1) || {
		cat "$work/log" >&2
		fail 'apt could not fetch the packages'
	}
	for deb in "$work"/debs/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -C "$root" -x --keep-directory-symlink --no-same-owner
	done
}

# packages_collect ROOT TO PROGRAM... copies programs of an unpacked root to TO/bin, and to
# TO/lib the libraries that they load and the loader, as ld.so.
packages_collect() {
	local root=$1 to=$2 loader program library libraries
	shift 2
	loader=$(find -L "$root/lib64" "$root/lib" -maxdepth 2 -name 'ld-linux*.so.*' | head -n 1)
	[ -n "$loader" ] || fail 'there is no loader among the packages'
	libraries=$(find -L "$root/lib" -maxdepth 2 -name 'libc.so.6' -printf '%h\n' | head -n 1)
	mkdir -p "$to/bin" "$to/lib"
	cp -L "$loader" "$to/lib/ld.so"
	for program in "$@"; do
		cp -L "$root/$program" "$to/bin/"
		"$loader" --verify "$root/$program" || [ $? = 2 ] || continue # static
		"$loader" --library-path "$libraries" --list "$root/$program" 2>/dev/null |
			awk '$2 == "=>" && $3 ~ /^\// { print $3 }' |
			while read -r library; do
				cp -L "$library" "$to/lib/"
			done
	done
}
