#!/bin/sh
# Lays what `sansheng asterisk config` wrote over Debian's defaults, and becomes Asterisk.
set -eu
written=${1:-/etc/sansheng-asterisk}
etc=${2:-/etc/asterisk}
sounds=${3:-/var/lib/asterisk/sounds}
cp "$written"/*.conf "$etc"/
mkdir -p "$sounds"
for language in "$written"/sounds/*; do
    rm -rf "$sounds/${language##*/}/sansheng"
    mkdir -p "$sounds/${language##*/}"
    cp -R "$language"/. "$sounds/${language##*/}"/
done
[ "$#" -gt 0 ] || exec asterisk -f -n
