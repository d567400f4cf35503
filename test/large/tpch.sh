#!/usr/bin/env bash
# TPC-H, by default at a scale of 10: each query gives the same rows with much memory and with so little
# that sorts, joins and groups go to disk.
#
# usage: test/large/tpch.sh [SCALE [MUCH LITTLE]]
set -euo pipefail
cd "$(dirname "$0")/../.."
scale=${1:-10} much=${2:-8GB} little=${3:-400MB}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/anabranch" ./cmd/anabranch
"$dir/anabranch" generate tpch --scale "$scale" --dir "$dir/tpch"
for file in "$dir"/tpch/*.parquet; do
  echo "CREATE TABLE $(basename "$file" .parquet) WITH ('connector' = 'filesystem', 'path' = '$file', 'format' = 'parquet');"
done >"$dir/tables.sql"
failed=0
for query in test/sql/testdata/tpch/q*.sql; do
  name=$(basename "$query" .sql)
  for memory in "$much" "$little"; do
    started=$SECONDS
    { cat "$dir/tables.sql"; sed "s/0\.0001000000/0.0001 \/ $scale/" "$query"; echo ';'; } | # q11's part is of the scale
      "$dir/anabranch" --memory "$memory" sql --output csv >"$dir/$name.$memory" || failed=1
    printf '%s %s: %d s\n' "$name" "$memory" $((SECONDS - started))
  done
  cmp "$dir/$name.$much" "$dir/$name.$little" || failed=1
  if (($(wc -l <"$dir/$name.$much") < 2)); then
    echo "$name: no rows" >&2
    failed=1
  fi
done
exit $failed
