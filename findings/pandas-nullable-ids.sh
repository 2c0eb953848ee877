#!/usr/bin/env bash
# pandas 3.1.1 (PyPI).
#
# Guess: ids above 2^53 beside a null need a nullable integer type, and asking read_json for one, by dtype or
#   dtype_backend, keeps them exact.
# What happens: the column goes through float64 first. The type is Int64, the id is another: ...993 becomes ...992. Without
#   a null beside it the id is exact.
# Seen: see `expected` below.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install --disable-pip-version-check -q pandas==3.1.1

cat > try.py <<'PY'
from io import StringIO

import pandas

ID = '{"id": 9007199254740993}\n'
NULL = '{"id": null}\n'
for name, lines, options in [
    ("alone", ID, {}),
    ("dtype Int64", ID + NULL, {"dtype": {"id": "Int64"}}),
    ("dtype_backend", ID + NULL, {"dtype_backend": "numpy_nullable"}),
]:
    ids = pandas.read_json(StringIO(lines), lines=True, **options)["id"]
    print(f"{name}: {ids.dtype} {ids[0]}")
PY
seen=$(venv/bin/python try.py)
expected='alone: int64 9007199254740993
dtype Int64: Int64 9007199254740992
dtype_backend: Int64 9007199254740992'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "This has changed."; exit 1; }
