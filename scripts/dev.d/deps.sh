# shellcheck shell=bash
# shellcheck disable=SC2154  # root is set by scripts/dev
# Installs Debian packages by name and builds, from Debian 13's source packages, what Debian 12 lacks.

packages_to_build=(
  g++ cmake ninja-build ccache lld pkg-config
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev
  libexpat1-dev libcurl4-openssl-dev libssl-dev zlib1g-dev
  librocksdb-dev libspdlog-dev libfmt-dev libcli11-dev libtomlplusplus-dev
  prometheus-cpp-dev libexpected-dev libjemalloc-dev
  libgtest-dev libgmock-dev libbenchmark-dev librapidcheck-dev
  dpkg-dev patch xz-utils make ca-certificates curl openssl python3
)
# Real servers for tests. redis-tools carries the Redis server's program too, without a service that would start.
packages_to_test=(redis-tools openssl iproute2)
packages_to_check=(clang clang-format clang-tidy codespell shellcheck cppcheck git)
# Other engines, that benchmarks and the differential test run beside Fermata.
packages_of_peers=(qt6-scxml-dev nodejs npm)

debian_release() { . /etc/os-release && echo "${VERSION_ID:-12}"; }

# Debian 13 carries Boost 1.83 as its default (the versioned 1.81 packages are Debian 12's), and a hiredis with TLS.
packages_for_this_debian() {
  local release name
  release=$(debian_release)
  [ "$release" = 12 ] || echo libhiredis-dev
  for name in "${packages_to_build[@]}" "${packages_to_test[@]}" "${packages_to_check[@]}"; do
    if [ "$release" != 12 ]; then
      name=${name/boost1.81/boost}
      name=${name/boost-json1.81/boost-json}
      name=${name/boost-url1.81/boost-url}
    fi
    echo "$name"
  done
}

missing_packages() {
  local name
  for name in "$@"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || echo "$name"
  done
}

# install_packages NAME...
install_packages() {
  local missing
  missing=$(missing_packages "$@")
  if [ -z "$missing" ]; then
    step "packages: all installed"
    return
  fi
  step "packages: installing $(echo "$missing" | wc -w) with apt-get"
  as_root apt-get update -q >build/apt.log 2>&1 ||
    fail "apt-get update failed; is the Debian mirror reachable? The end of build/apt.log says more:
$(tail -n 3 build/apt.log)"
  # shellcheck disable=SC2086  # a list of words on purpose
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >>build/apt.log 2>&1 ||
    fail "apt-get install failed; the end of build/apt.log:
$(tail -n 5 build/apt.log)"
}

# The mirror of this machine's own apt configuration: the first URI that is known to serve Debian, or else (its lists were
# never fetched) the first for this release.
debian_mirror() {
  local codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
  # shellcheck disable=SC2016  # apt expands these names, not the shell
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(LABEL)' 'Created-By: Packages' |
    awk -v codename="$codename" '
      $3 == "Debian" && !known { known = $1 }
      $2 == codename && !likely { likely = $1 }
      END { print (known ? known : likely) }'
}

# private_apt KIND SUITE: fetches the index (KIND deb or deb-src) of one suite of Debian by apt itself in a private state
# folder, so that the machine's own apt lists stay as they are; sets private_apt_options for the apt commands that follow.
private_apt() {
  local kind=$1 suite=$2 mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  local state=$root/build/deps/apt-$suite
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || fail "no Debian mirror found in this machine's apt configuration"
  [ -r "$keyring" ] || fail "$keyring is missing (package debian-archive-keyring)"
  mkdir -p "$state"/{lists/partial,cache/archives/partial}
  echo "$kind [signed-by=$keyring] $mirror $suite main" >"$state/sources.list"
  private_apt_options=(
    -o "Dir::State=$state" -o "Dir::State::status=/var/lib/dpkg/status" -o "Dir::Cache=$state/cache"
    -o "Dir::Etc::sourcelist=$state/sources.list" -o "Dir::Etc::sourceparts=/dev/null"
    -o "Dir::Etc::preferences=/dev/null" -o "Dir::Etc::preferencesparts=/dev/null"
    -o "APT::Sandbox::User=root" -o "Acquire::Retries=3"
  )
  if ! apt-get "${private_apt_options[@]}" update -q >"$state/update.log" 2>&1 || grep -q '^[EW]:' "$state/update.log"; then
    fail "the index of $suite cannot be fetched from the mirror this machine uses:
$(tail -n 3 "$state/update.log")"
  fi
}

# fetch_source NAME: the signed source package NAME of Debian 13 (trixie) into build/deps/source/NAME.
fetch_source() {
  local name=$1 log=$root/build/deps/source-$1.log
  private_apt deb-src trixie
  mkdir -p "$root/build/deps/source"
  (cd "$root/build/deps/source" && rm -rf "$name"-* "$name"_* &&
    apt-get "${private_apt_options[@]}" source -q -y --only-source "$name" >"$log" 2>&1) ||
    fail "the source package $name cannot be fetched or its signature is wrong:
$(tail -n 3 "$log")"
}

# QuickJS as a static library: Debian has its source and tools, but no library package.
# quickjs-libc (files, processes, modules) stays out: charts reach the outside only through effects.
# Our patch makes long built-ins interruptible and errors for want of memory harmless.
build_quickjs() {
  local target=$root/build/deps/quickjs patch=$root/scripts/dev.d/quickjs-interrupts.patch
  local flags="-O2 -g1 -fPIC -fwrapv -D_GNU_SOURCE -DCONFIG_BIGNUM"
  if cmp -s "$target/patch" "$patch" && [ -e "$target/complete" ]; then
    step "QuickJS: already built"
    return
  fi
  step "QuickJS: fetching Debian 13's source package"
  fetch_source quickjs
  local source
  source=$(find "$root/build/deps/source" -maxdepth 1 -type d -name 'quickjs-*' | head -n 1)
  patch -s -p1 -d "$source" <"$patch" || fail "$(basename "$patch") does not fit $(basename "$source")"
  step "QuickJS: compiling $(basename "$source")"
  rm -rf "$target" && mkdir -p "$target"/{lib,include,objects}
  local version file
  version=$(cat "$source/VERSION")
  for file in quickjs libregexp libunicode cutils dtoa; do
    # shellcheck disable=SC2086  # flags are a list of words
    echo "$file" && gcc $flags -DCONFIG_VERSION="\"$version\"" -w -c "$source/$file.c" -o "$target/objects/$file.o"
  done >"$target/build.log" 2>&1 || fail "QuickJS does not compile; see build/deps/quickjs/build.log"
  ar rcs "$target/lib/libquickjs.a" "$target"/objects/*.o
  cp "$source/quickjs.h" "$source/LICENSE" "$target/include/"
  cp "$patch" "$target/patch"
  echo "$version" >"$target/complete"
}

# hiredis as static libraries with TLS: Debian 12 has 0.14, without TLS and RESP3; static, so that the two never meet.
build_hiredis() {
  local target=$root/build/deps/hiredis
  if [ "$(debian_release)" != 12 ]; then
    return # Debian 13's own package is used as it is
  fi
  if [ -e "$target/complete" ]; then
    step "hiredis: already built"
    return
  fi
  step "hiredis: fetching Debian 13's source package"
  fetch_source hiredis
  local source
  source=$(find "$root/build/deps/source" -maxdepth 1 -type d -name 'hiredis-*' | head -n 1)
  step "hiredis: compiling $(basename "$source")"
  rm -rf "$target" && mkdir -p "$target"/{lib,include/hiredis,objects}
  local file
  for file in alloc async hiredis net read sds sockcompat ssl; do
    echo "$file" && gcc -std=c99 -O2 -g1 -fPIC -D_GNU_SOURCE -w -c "$source/$file.c" -o "$target/objects/$file.o"
  done >"$target/build.log" 2>&1 || fail "hiredis does not compile; see build/deps/hiredis/build.log"
  ar rcs "$target/lib/libhiredis_ssl.a" "$target/objects/ssl.o" && rm "$target/objects/ssl.o"
  ar rcs "$target/lib/libhiredis.a" "$target"/objects/*.o
  cp "$source"/{alloc,async,hiredis,hiredis_ssl,net,read,sds,sockcompat}.h "$source/COPYING" "$target/include/hiredis/"
  basename "$source" >"$target/complete"
}

# Valkey 8, whose servers the tests run beside Redis's: Debian 13 has it, Debian 12's backports do. Its files go to
# build/deps/valkey; nothing is installed.
fetch_valkey() {
  local target=$root/build/deps/valkey suite=trixie
  if [ -e "$target/complete" ]; then
    step "Valkey: already there"
    return
  fi
  [ "$(debian_release)" != 12 ] || suite=bookworm-backports
  step "Valkey: fetching Debian's package ($suite)"
  private_apt deb "$suite"
  rm -rf "$target" && mkdir -p "$target"
  (cd "$target" && apt-get "${private_apt_options[@]}" download -q valkey-tools >download.log 2>&1 && dpkg -x valkey-tools_*.deb .) ||
    fail "the package valkey-tools cannot be fetched:
$(tail -n 3 "$target/download.log")"
  touch "$target/complete"
}

verb_deps() {
  mkdir -p build/deps
  # shellcheck disable=SC2046  # a list of words
  install_packages $(packages_for_this_debian)
  build_quickjs
  build_hiredis
}

# node and npm from elsewhere are as good as Debian's.
install_peers() {
  local name wanted=()
  mkdir -p build
  for name in "${packages_of_peers[@]}"; do
    if ! { [ "$name" = nodejs ] && command -v node >/dev/null; } && ! { [ "$name" = npm ] && command -v npm >/dev/null; }; then
      wanted+=("$name")
    fi
  done
  install_packages "${wanted[@]}"
}
