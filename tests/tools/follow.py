"""Runs one recipe in Python of docs/changes.md, as follow.mjs does.

Usage: KEY=... python follow.py MODULE URL.
"""

import asyncio
import importlib
import json
import os
import sys

folder, _, name = sys.argv[1].rpartition("/")
sys.path.insert(0, folder)


class Rows(dict):
    """Counts how often the list is read: before that it is emptied."""

    reads = 0
    changes = 0

    def clear(self):
        self.reads += 1
        super().clear()


rows = Rows()


def changed():
    rows.changes += 1
    told = {"reads": rows.reads, "changes": rows.changes, "rows": list(rows.values())}
    print(json.dumps(told), flush=True)


follow = importlib.import_module(name).follow(sys.argv[2], os.environ["KEY"], rows, changed)
if asyncio.iscoroutine(follow):
    asyncio.run(follow)
