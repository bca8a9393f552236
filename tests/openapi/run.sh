#!/usr/bin/env bash
# The API as docs/openapi.json describes it, tried by schemathesis against a running `fed`: no answer that is not
# documented, none that says 500, none of another shape.
#   tests/openapi/run.sh [EXAMPLES]     how many requests are made up for each operation (40)
# Needs `cargo build --workspace --bins --examples`; FED_BIN and WECHAT_SIM_BIN name other binaries.
set -euo pipefail
cd "$(dirname "$0")"
root="$(cd ../.. && pwd)"
venv="$root/target/openapi-venv"
if ! cmp -s requirements.txt "$venv/installed.txt"; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt
  cp requirements.txt "$venv/installed.txt"
fi
export FED_BIN="${FED_BIN:-$root/target/debug/fed}" WECHAT_SIM_BIN="${WECHAT_SIM_BIN:-$root/target/debug/examples/wechat-sim}"
examples="${1:-40}"; shift || true
exec "$venv/bin/python" run.py "$examples" "$@"
