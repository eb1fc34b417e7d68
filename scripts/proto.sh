#!/bin/sh
# Regenerates src/onnx/wire/onnx_pb.ts from onnx.proto. The tools are fetched for the occasion: nobody who only builds Espalier needs them.
set -eu
cd "$(dirname "$0")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
npm install --no-save --prefix "$tools" @bufbuild/buf@1 @bufbuild/protoc-gen-es@2.10.2 >/dev/null
cat > "$tools/buf.gen.yaml" <<YAML
version: v2
plugins:
  - local: $tools/node_modules/.bin/protoc-gen-es
    out: src/onnx/wire
    opt: [target=ts, import_extension=js]
YAML
"$tools/node_modules/.bin/buf" generate src/onnx/wire --template "$tools/buf.gen.yaml"
