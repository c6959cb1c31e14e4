#!/bin/sh
# Makes the signed Debian archive of tests/integration/demo/test_packages.py anew: two packages, one of which depends on
# the other, and one that nobody asks for. The private key is thrown away, and dated back so that a machine whose
# clock is behind accepts it. Needs gpg and dpkg-deb.
set -eu
cd "$(dirname "$0")"
rm -rf dists pool keyring.gpg keyring.asc
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

package() { # name, dependencies, file, text
    mkdir -p "$work/$1/DEBIAN" "$work/$1/usr/share/greeting" pool
    printf '%s\n' "Package: $1" 'Version: 1:1.0' 'Architecture: all' \
        'Maintainer: Cartwake tests <archive@example.test>' ${2:+"Depends: $2"} 'Description: test data' \
        >"$work/$1/DEBIAN/control"
    printf '%s\n' "$4" >"$work/$1/usr/share/greeting/$3"
    dpkg-deb -Zgzip --root-owner-group --build "$work/$1" "pool/$1_1.0_all.deb" >/dev/null
}
package greeting greeting-words sentence 'Good morning'
package greeting-words '' words 'good morning evening'
package greeting-unwanted '' unwanted 'never asked for'

for architecture in amd64 arm64; do
    folder=dists/unstable/main/binary-$architecture
    mkdir -p "$folder"
    for file in pool/*.deb; do
        dpkg-deb --field "$file"
        echo "Filename: $file"
        echo "Size: $(stat -c %s "$file")"
        echo "SHA256: $(sha256sum "$file" | cut -d' ' -f1)"
        echo
    done >"$folder/Packages"
done

cd dists/unstable
{
    printf '%s\n' 'Origin: Cartwake tests' 'Suite: unstable' 'Codename: sid' 'Components: main' \
        'Architectures: amd64 arm64' 'Date: Thu, 01 Jan 2026 00:00:00 UTC' 'SHA256:'
    for file in main/binary-*/Packages; do
        echo " $(sha256sum "$file" | cut -d' ' -f1) $(stat -c %s "$file") $file"
    done
} >"$work/Release"
export GNUPGHOME="$work/gnupg"
mkdir -m 700 "$GNUPGHOME"
gpg --faked-system-time 20260101T000000! --batch --quiet --passphrase '' --quick-generate-key 'Cartwake tests <archive@example.test>' rsa3072 sign never
gpg --faked-system-time 20260101T000000! --batch --quiet --digest-algo SHA512 --clearsign --output InRelease "$work/Release"
gpg --faked-system-time 20260101T000000! --batch --quiet --export --output ../../keyring.gpg
gpg --faked-system-time 20260101T000000! --batch --quiet --armor --export --output ../../keyring.asc
gpgconf --kill all
