"""Reads exported objects with pydicom and highdicom; prints what it found as one line of JSON."""

import json
import sys
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom

folder = Path(sys.argv[1])
found = {"segments": {}, "groups": {}}
for path in sorted(folder.glob("*.dcm")):
    data = pydicom.dcmread(path)
    # Every element can be written again by pydicom's own rules
    data.save_as(folder / "again.tmp", enforce_file_format=True)
    (folder / "again.tmp").unlink()
    if path.name.startswith("seg-"):
        seg = hd.seg.segread(path)
        pixels = seg.pixel_array if seg.number_of_frames > 1 else seg.pixel_array[None]
        for number in seg.segment_numbers:
            description = seg.get_segment_description(number)
            assert description.tracking_uid is not None
            frames = [
                index
                for index, frame in enumerate(seg.PerFrameFunctionalGroupsSequence)
                if frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber == number
            ]
            n_pixels = int(sum(np.count_nonzero(pixels[index]) for index in frames))
            found["segments"][description.segment_label] = found["segments"].get(description.segment_label, 0) + n_pixels
    elif path.name.startswith("sr-"):
        report = hd.sr.srread(path)
        groups = report.content.get_image_measurement_groups()
        groups += report.content.get_planar_roi_measurement_groups()
        groups += report.content.get_volumetric_roi_measurement_groups()
        found["groups"][path.name] = len(groups)
        for group in groups:
            assert group.tracking_uid
    elif path.name.startswith("pm-"):
        values = pydicom.dcmread(path).pixel_array
        found["map_peak"] = float(values.max())
        mapping = data.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0]
        found["map_quantity"] = mapping.QuantityDefinitionSequence[0].ConceptCodeSequence[0].CodeValue
    elif path.name.startswith("sc-"):
        assert data.pixel_array.shape[-1] == 3 and data.BurnedInAnnotation == "YES"
print(json.dumps(found))
