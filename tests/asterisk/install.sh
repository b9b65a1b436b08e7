#!/usr/bin/env bash
# Gets Asterisk 22 (Debian's forky suite) beside the system into a cache folder, and SIPp from Debian's sip-tester.
#
#   install.sh FOLDER     afterwards FOLDER/tree holds Asterisk and its libraries; nothing of it runs yet
#
# Asterisk is in forky and sid only. The packages are unpacked, not installed: Asterisk is started through the
# tree's own loader, so neither a chroot nor root is needed to run it. What was tested is kept as tree.tar.zst.
set -euo pipefail
folder=${1:?install.sh FOLDER}
mkdir -p "$folder"

missing=()
for program in sipp:sip-tester mmdebstrap:mmdebstrap zstd:zstd; do
    command -v "${program%%:*}" >/dev/null || missing+=("${program##*:}")
done
if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" != 0 ]; then
        echo "missing: ${missing[*]} (apt-get install ${missing[*]})" >&2
        exit 3
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ "$(id -u)" != 0 ] && ! /sbin/getcap "$(command -v sipp)" 2>/dev/null | grep -q cap_net_raw; then
    echo "SIPp plays speech through raw sockets: setcap cap_net_raw+ep $(command -v sipp), or run as root" >&2
    exit 3
fi

[ -x "$folder/tree/usr/sbin/asterisk" ] && exit 0
part=$folder/tree.part.$$
trap 'rm -rf "$part"' EXIT
if [ -s "$folder/tree.tar.zst" ]; then
    mkdir "$part"
    tar --zstd -xf "$folder/tree.tar.zst" -C "$part"
else
    mirror=${DEBIAN_MIRROR:-$(awk '/^URIs:/ {print $2; exit}' /etc/apt/sources.list.d/debian.sources 2>/dev/null ||
        awk '$1 == "deb" {print $2; exit}' /etc/apt/sources.list)}
    # A frozen mirror's Release file has expired: its date is not checked, its signature is.
    mmdebstrap --quiet --variant=extract --include=asterisk \
        --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Apt::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        forky "$part" "deb $mirror forky main"
    tar --zstd -cf "$folder/tree.tar.zst.part" -C "$part" usr/sbin/asterisk usr/lib/x86_64-linux-gnu usr/lib64 usr/share/asterisk
    mv "$folder/tree.tar.zst.part" "$folder/tree.tar.zst"
fi
mv "$part" "$folder/tree"
