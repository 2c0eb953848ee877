#!/usr/bin/env bash
# SQLite 3.51.3 and 3.54.1 (PyPI: apsw 3.51.3.0, 3.54.1.0).
#
# Guess: LIKE and GLOB compare letters by their code points, so that a pattern without wildcards and without cased letters
#   matches a text if and only if the two are equal.
# What happens: in 3.51.3 both read U+FFFE and U+FFFF as U+FFFD, the replacement character, in pattern and text alike. The
#   three match each other, while `=` and `instr` tell them apart. Other noncharacters, such as U+FDD0, are told apart by
#   all; and in 3.54.1 these are too.
# Seen (U+FFFD, U+FFFE, U+FFFF and U+FDD0, each against U+FFFD):
#   3.51.3: = 1000, instr 1000, LIKE 1110, GLOB 1110
#   3.54.1: = 1000, instr 1000, LIKE 1000, GLOB 1000
# Our project: a search on SQLite is a GLOB, so that there a term with one of the three finds names with the others.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv

cat > try.py <<'PY'
import apsw

connection = apsw.Connection(":memory:")
pairs = [("\uFFFD", "\uFFFD"), ("\uFFFE", "\uFFFD"), ("\uFFFF", "\uFFFD"), ("\uFDD0", "\uFFFD")]
forms = {"=": "? = ?", "instr": "instr(?, ?)", "LIKE": "? LIKE ?", "GLOB": "? GLOB ?"}
seen = []
for name, form in forms.items():
    marks = "".join(str(connection.execute(f"SELECT {form}", pair).fetchone()[0]) for pair in pairs)
    seen.append(f"{name} {marks}")
print(", ".join(seen))
PY
for version in 3.51.3.0 3.54.1.0; do
  venv/bin/pip install --disable-pip-version-check -q "apsw==$version"
  echo "${version%.0}: $(venv/bin/python try.py)"
done > seen
cat seen
diff seen - <<'SEEN' || { echo "This has changed."; exit 1; }
3.51.3: = 1000, instr 1000, LIKE 1110, GLOB 1110
3.54.1: = 1000, instr 1000, LIKE 1000, GLOB 1000
SEEN
