#!/usr/bin/env bash
# Fuzzes every parser for FUZZ_SECONDS (30) each, beginning with fuzz/corpus. What fails is kept in fuzz/artifacts.
#   fuzz/run.sh [TARGET…]
set -euo pipefail
cd "$(dirname "$0")"
command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cd fuzz_targets && ls | sed 's/\.rs$//')
# Our code has no `unsafe`: without a sanitizer this runs on stable Rust, and several times as fast.
cargo fuzz build --sanitizer none
for target in "${targets[@]}"; do
  mkdir -p "target/found/$target"
  cargo fuzz run --sanitizer none "$target" "target/found/$target" "corpus/$target" -- \
    -max_total_time="${FUZZ_SECONDS:-30}" -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 2>"target/found/$target.log" ||
    { tail -40 "target/found/$target.log"; echo "$target: an input that breaks it is in fuzz/artifacts/$target"; exit 1; }
  grep -E '^Done' "target/found/$target.log" | sed "s/^Done/$target:/"
done
