"""scipy.ndimage and SimpleITK do to the same voxels what the mask editor does: the quicker of the usual ways."""
import json
import sys
import time

import numpy
import scipy
import scipy.ndimage
import SimpleITK

header = json.loads(sys.stdin.buffer.readline())
SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(2)
dims, spacing = header["dims"], header["spacing"]
packed = numpy.frombuffer(sys.stdin.buffer.read(dims[0] * dims[1] * dims[2] // 8), dtype=numpy.uint8)
mask = numpy.unpackbits(packed, bitorder="little").reshape(dims)
image = SimpleITK.GetImageFromArray(mask)
image.SetSpacing(spacing[::-1])


def islands():
    labels, n = scipy.ndimage.label(mask)
    sizes = numpy.bincount(labels.ravel())
    sizes[0] = 0
    return labels == sizes.argmax()


def margin():
    # The exact distance, as the mask editors that grow by millimeters use it
    distance = SimpleITK.SignedMaurerDistanceMap(image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True)
    return distance <= 3.0


def smooth():
    radius = [max(int(round(3.0 / mm / 2.0)), 0) for mm in spacing[::-1]]
    return SimpleITK.BinaryMedian(image, radius)


def signed(drawn):
    inside = scipy.ndimage.distance_transform_edt(drawn, sampling=spacing[1:])
    return scipy.ndimage.distance_transform_edt(drawn == 0, sampling=spacing[1:]) - inside


def interpolate():
    made = mask.copy()
    keys = numpy.flatnonzero(mask.any(axis=(1, 2)))
    maps = {}
    for low, high in zip(keys[:-1], keys[1:]):
        if high - low < 2:
            continue
        for key in (low, high):
            if key not in maps:
                maps[key] = signed(mask[key])
        for between in range(low + 1, high):
            share = (between - low) / (high - low)
            made[between] = maps[low] * (1 - share) + maps[high] * share < 0
        maps = {high: maps[high]}
    return made


works = {
    "islands": (islands, f"scipy {scipy.__version__}: label, bincount"),
    "margin": (margin, f"SimpleITK {SimpleITK.Version_VersionString()}: SignedMaurerDistanceMap, two threads"),
    "smooth": (smooth, f"SimpleITK {SimpleITK.Version_VersionString()}: BinaryMedian, two threads"),
    "interpolate": (interpolate, f"scipy {scipy.__version__}: distance_transform_edt of each drawn slice"),
}
work, what = works[header["work"]]
print(json.dumps({"what": what}), flush=True)
for _ in sys.stdin.buffer:
    began = time.perf_counter()
    work()
    print(json.dumps(time.perf_counter() - began), flush=True)
