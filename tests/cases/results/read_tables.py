"""Reads CSV files with Python's own reader; prints their rows as one line of JSON."""

import csv
import json
import sys

tables = {}
for path in sys.argv[1:]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        tables[path.rsplit("/", 1)[-1]] = list(csv.DictReader(file, strict=True))
print(json.dumps(tables))
