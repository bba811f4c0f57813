# Debian packages from the user's own mirrors, for other architectures and suites, without touching the user's apt.
# Source this; it keeps its package lists and downloads under $cache/apt.
# shellcheck shell=bash

# apt_conf NAME ARCH STATUS: writes an apt configuration with a state of its own and prints the options that use it.
# STATUS names the dpkg status file that says what counts as installed.
apt_conf() {
    local dir=$cache/apt/$1
    mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/etc"
    touch "$dir/empty"
    cat > "$dir/apt.conf" <<-END
	#clear APT::Architectures;
	#clear APT::Update::Post-Invoke;
	#clear APT::Update::Post-Invoke-Success;
	#clear DPkg::Post-Invoke;
	APT::Architecture "$2";
	APT::Architectures { "$2"; };
	APT::Sandbox::User "root";
	APT::Get::Assume-Yes "true";
	APT::Install-Recommends "false";
	Acquire::Languages "none";
	Acquire::Retries "3";
	Debug::NoLocking "true";
	Dir::State "$dir";
	Dir::State::lists "$dir/lists";
	Dir::State::status "${3:-$dir/empty}";
	Dir::Cache "$dir";
	Dir::Cache::archives "$dir/archives";
	Dir::Etc::Preferences "$dir/empty";
	END
}

# apt_own_sources NAME: prints "URI SUITE" of each of Debian's own repositories among the user's sources. Which these are is
# known from their signed Release files, fetched into NAME's state, so that mirrors count and third parties do not.
apt_own_sources() {
    local dir=$cache/apt/$1 release=() target uri file rest
    for target in Packages Translations Contents-deb DEP-11 CNF; do
        release+=(-o "Acquire::IndexTargets::deb::$target::DefaultEnabled=false")
    done
    # A third party's repository may fail here; what counts is that one of Debian's is found.
    apt-get -c "$dir/apt.conf" "${release[@]}" -q update </dev/null >"$dir/probe.log" 2>&1 || true
    apt-get -c "$dir/apt.conf" "${release[@]}" update --print-uris </dev/null | tr -d "'" |
        while read -r uri file rest; do
            grep -qs '^Origin: Debian$' "$dir/lists/$file" && sed 's|/dists/| |; s|/InRelease$||' <<< "$uri"
        done | sort -u | grep . ||
        { cat "$dir/probe.log" >&2; echo "guest: no Debian repository among this machine's apt sources" >&2; return 1; }
}

# apt_sources NAME ARCH [SUFFIX]: lets NAME's state see Debian's own repositories for ARCH, and with SUFFIX also the suite
# SUITE-SUFFIX beside each.
apt_sources() {
    local dir=$cache/apt/$1 key=/usr/share/keyrings/debian-archive-keyring.gpg uri suite list
    list=$(apt_own_sources "$1") || return 1
    : > "$dir/etc/sources.list"
    while read -r uri suite; do
        echo "deb [arch=$2 signed-by=$key] $uri $suite main" >> "$dir/etc/sources.list"
        case ${3:-}:$suite in
        :* | *-*) ;;
        *) echo "deb [arch=$2 signed-by=$key] $uri $suite-$3 main" >> "$dir/etc/sources.list" ;;
        esac
    done <<< "$list"
    printf 'Dir::Etc::SourceList "%s";\nDir::Etc::SourceParts "%s";\n' "$dir/etc/sources.list" "$dir/empty" >> "$dir/apt.conf"
}

apt_update() {
    apt-get -c "$1/apt.conf" -q update </dev/null >"$1/update.log" 2>&1
}

# apt_state NAME ARCH [STATUS [SUFFIX]]: makes NAME ready for use, with package lists less than a day old.
apt_state() {
    local dir=$cache/apt/$1
    [ -n "$(find "$dir/ready" -mtime -1 2>/dev/null)" ] && return
    progress "reading Debian's package lists for $2"
    rm -rf "$dir"
    apt_conf "$1" "$2" "${3:-}"
    apt_sources "$1" "$2" "${4:-}"
    apt_update "$dir" || {
        # A mirror in the middle of an update serves lists that do not fit: the suite itself, without those of later
        # changes, is enough.
        sed -i '/ [a-z]*-[a-z]* main$/d' "$dir/etc/sources.list"
        apt_update "$dir" || { cat "$dir/update.log" >&2; return 1; }
    }
    touch "$dir/ready"
}

# apt_unpack NAME DIR PACKAGE...: downloads the packages (checked against the signed lists) and unpacks their files below DIR.
apt_unpack() {
    local dir=$cache/apt/$1 to=$2 work deb
    shift 2
    work=$(mktemp -d "$dir/unpack.XXXXXX")
    (cd "$work" && apt-get -c "$dir/apt.conf" -q download "$@" </dev/null >log 2>&1) || { cat "$work/log" >&2; return 1; }
    mkdir -p "$to"
    for deb in "$work"/*.deb; do
        dpkg-deb -x "$deb" "$to"
    done
    rm -rf "$work"
}

# apt_real NAME PACKAGE: the package that a metapackage stands for (its first dependency).
apt_real() {
    apt-cache -c "$cache/apt/$1/apt.conf" depends --important "$2" | sed -n 's/^ *Depends: //p' | head -1
}
