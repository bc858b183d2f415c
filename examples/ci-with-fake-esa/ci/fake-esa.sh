#!/bin/sh
# Downloads fake-esa of a release, verifies its checksum, and prints the path of the program. It needs tar, sha256sum, and curl
# or wget, but no Go.
#
#   FAKE_ESA_VERSION   the release, such as 0.1.0
#   FAKE_ESA_SHA256    the checksum of its archive for this platform, from the release's SHA256SUMS
#   FAKE_ESA_RELEASES  base URL of the releases; default: the project's own
#   FAKE_ESA_DIR       folder for the program; default .fake-esa
set -eu

die() { echo "fake-esa.sh: $*" >&2; exit 1; }

[ -n "${FAKE_ESA_VERSION:-}" ] || die 'FAKE_ESA_VERSION is not set: it is the release to take, such as 0.1.0'
[ -n "${FAKE_ESA_SHA256:-}" ] || die 'FAKE_ESA_SHA256 is not set: it is the checksum of the archive, from SHA256SUMS of the release'

case $(uname -s) in
Linux) os=linux ;;
Darwin) os=darwin ;;
FreeBSD) os=freebsd ;;
*) die "there is no fake-esa for $(uname -s) that this script knows of" ;;
esac
case $(uname -m) in
x86_64 | amd64) arch=amd64 ;;
aarch64 | arm64) arch=arm64 ;;
*) die "there is no fake-esa for $(uname -m) that this script knows of" ;;
esac

archive=fake-esa_${FAKE_ESA_VERSION}_${os}_$arch.tar.gz
url=${FAKE_ESA_RELEASES:-https://github.com/esa-provider/terraform-provider-esa/releases/download}/v$FAKE_ESA_VERSION/$archive
dir=${FAKE_ESA_DIR:-.fake-esa}

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
if command -v curl >/dev/null; then
	curl -fsSL --retry 3 -o "$dir/$archive" "$url" >&2 || die "$url cannot be downloaded"
else
	wget -q -O "$dir/$archive" "$url" >&2 || die "$url cannot be downloaded"
fi
printf '%s  %s\n' "$FAKE_ESA_SHA256" "$dir/$archive" | sha256sum -c - >&2 || {
	rm -f "$dir/$archive"
	die "$archive is not what FAKE_ESA_SHA256 says; look at SHA256SUMS of the release, and at its signature"
}
tar -xzf "$dir/$archive" -C "$dir" fake-esa
printf '%s\n' "$dir/fake-esa"
