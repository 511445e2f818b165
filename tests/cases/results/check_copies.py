"""Holds anonymous copies against their originals with pydicom: `original copy` paths, one pair a line on stdin.

Every value must be valid for its VR, whatever the standard's table does not name must be as it was, and what must have a
value in every composite object must have one. Prints the faults as one line of JSON.
"""

import json
import sys
import warnings

import pydicom
from pydicom.datadict import dictionary_has_tag
from pydicom.multival import MultiValue

table = {int(line.split("\t")[0], 16) for line in open(sys.argv[1], encoding="utf-8")}
# Of the Patient, Study, Series and SOP Common modules: Type 1 in every composite IOD, and what identifies the copy
REQUIRED = ["SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "PatientID", "PatientName"]
FREE = {"LO", "SH", "ST", "LT", "UT", "UC", "UR", "PN", "DA", "DT", "TM", "SQ", "UN", "OB", "OW"}
OWN = {0x00080005, 0x00120062, 0x00120063, 0x00120064, 0x00280301, 0x00280303, 0x00101010}
faults = []


def values(element):
    return list(element.value) if isinstance(element.value, MultiValue) else [element.value]


def valid(data, name):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for element in data:
            if element.VR == "SQ":
                for item in element.value:
                    valid(item, name)
            elif not element.is_empty:
                values(element)
                if element.VR in ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "TM", "UI"):
                    pydicom.dataelem.DataElement(element.tag, element.VR, element.value, validation_mode=2)
    for one in said:
        faults.append(f"{name}: {one.message}")


for line in sys.stdin:
    original_path, copy_path = line.rstrip("\n").split("\t")
    original, copy = pydicom.dcmread(original_path, force=True), pydicom.dcmread(copy_path)
    name = original_path.rsplit("/", 1)[-1]
    for keyword in REQUIRED:
        if original.get(keyword) and not copy.get(keyword):
            faults.append(f"{name}: {keyword} is missing")
    try:
        was_valid = True
        before = len(faults)
        valid(original, name)
        del faults[before:]
    except Exception:
        was_valid = False
    if was_valid:
        try:
            valid(copy, name)
        except Exception as error:
            faults.append(f"{name}: {error}")
    for element in original:
        tag = int(element.tag)
        is_free = tag in table or tag in OWN or element.tag.is_private or not dictionary_has_tag(tag)
        if is_free or element.VR in FREE or element.tag.group in (0x0002, 0x5000, 0x6000) or element.tag.elem == 0:
            continue
        if element.tag not in copy:
            faults.append(f"{name}: {element.tag} {element.name} is gone")
        elif values(copy[element.tag]) != values(element):
            faults.append(f"{name}: {element.tag} {element.name} changed")
print(json.dumps(faults))
