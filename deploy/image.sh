#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# image.sh <program> <folder>: gathers in the folder all that the program needs to run where there is nothing else. The
# build of the image calls it.
set -eu
program=$1 to=$2

# A file under the path that it has here, and the file that it is a link to under the same name.
put() {
  mkdir -p "$to$(dirname "$1")"
  cp -L "$1" "$to$1"
}

put "$program"
# "libx.so => /lib/libx.so (0x...)", and "/lib64/ld-linux-x86-64.so.2 (0x...)" for the loader.
ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' | while read -r library; do
  put "$library"
done

put /etc/ssl/certs/ca-certificates.crt
mkdir -p "$to/usr/share" "$to/usr/lib/ssl"
cp -a /usr/share/zoneinfo "$to/usr/share/"
# Where OpenSSL looks for certificates of authorities.
ln -s /etc/ssl/certs/ca-certificates.crt "$to/usr/lib/ssl/cert.pem"
ln -s /etc/ssl/certs "$to/usr/lib/ssl/certs"

printf 'root:x:0:0::/:/nologin\nsluice:x:65532:65532::/:/nologin\n' > "$to/etc/passwd"
printf 'root:x:0:\nsluice:x:65532:\n' > "$to/etc/group"
# Names in /etc/hosts come before those of DNS.
printf 'hosts: files dns\n' > "$to/etc/nsswitch.conf"
mkdir -p "$to/etc/sluice" "$to/run" "$to/tmp"
chmod 1777 "$to/tmp"
