"""Runs a query of Power Query M and prints its rows, one JSON object a line.

Usage: python powerbi.py FILE. The evaluator is pqtools, its parser Microsoft's. `Web.Contents` is of this file, as the
evaluator has none: the URL, RelativePath, Query and Headers of Microsoft's description, and an error where the status
is one.
"""

import json
import sys
import urllib.parse
import urllib.request

import pqtools
import pqtools.core
from pqtools.builtins import BUILTINS


def web_contents(arguments, _context):
    url, options = arguments
    unknown = set(options) - {"RelativePath", "Query", "Headers"}
    if unknown:
        raise ValueError(f"Web.Contents has no {unknown} here")
    # The names and values of a query are texts; a number would be an error of the query.
    if not all(isinstance(value, str) for value in options["Query"].values()):
        raise TypeError("Expression.Error: a value of Query is no text")
    query = urllib.parse.urlencode(options["Query"])
    address = f"{url.rstrip('/')}/{options['RelativePath']}?{query}"
    request = urllib.request.Request(address, headers=options["Headers"])
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


BUILTINS["Web.Contents"] = web_contents
# It asks for Node.js 22; the parser that it brings runs on 20 too.
pqtools.core._require_node = lambda _binary: None

with open(sys.argv[1], encoding="utf-8") as file:
    rows = pqtools.evaluate(file.read())
for row in rows:
    print(json.dumps(row))
