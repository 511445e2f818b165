"""Holds a FHIR bundle against the R4B models of fhir.resources; prints what is in it as one line of JSON."""

import json
import sys
from collections import Counter

from fhir.resources.R4B.bundle import Bundle

text = open(sys.argv[1], encoding="utf-8").read()
Bundle.model_validate_json(text)
data = json.loads(text)
known = {entry["fullUrl"] for entry in data["entry"]}
assert len(known) == len(data["entry"]), "a fullUrl stands twice"
dangling, systemless = [], []


def walk(value, path):
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str) and value["reference"] not in known:
            dangling.append(path)
        for coding in value.get("coding", []):
            if "code" in coding and ":" not in coding.get("system", ""):
                systemless.append(path)
        for key, below in value.items():
            assert below not in ("", [], {}, None), f"{path}.{key} is empty"
            walk(below, f"{path}.{key}")
    elif isinstance(value, list):
        for index, below in enumerate(value):
            walk(below, f"{path}[{index}]")


walk(data, "Bundle")
resources = [entry["resource"] for entry in data["entry"]]
observations = [one for one in resources if one["resourceType"] == "Observation"]
found = {
    "kinds": Counter(one["resourceType"] for one in resources),
    "dangling": dangling,
    "systemless": systemless,
    "statuses": sorted(one["status"] for one in observations if "valueCodeableConcept" in one),
    "presence": Counter(
        one["valueCodeableConcept"]["coding"][0]["code"] for one in observations if "valueCodeableConcept" in one
    ),
}
print(json.dumps(found))
