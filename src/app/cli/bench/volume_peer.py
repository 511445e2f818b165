"""SimpleITK cuts one plane, thin or thick, out of a volume of the same size and spacing."""
import json
import sys
import time

import numpy
import SimpleITK

header = json.loads(sys.stdin.readline())
SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(2)
cols, rows, slices = header["dims"]
values = (numpy.arange(cols * rows * slices, dtype=numpy.int64) % 4096 - 1024).astype(numpy.int16)
image = SimpleITK.GetImageFromArray(values.reshape(slices, rows, cols))
image.SetSpacing(header["spacing"])
image.SetOrigin(header["origin"])
plane = header["plane"]
axes = numpy.stack([plane["across"], plane["down"], plane["normal"]], axis=1)
before = plane["n_each_side"]
across = 2 * before + 1
origin = numpy.array(plane["origin"]) - before * plane["step"] * numpy.array(plane["normal"])
resample = SimpleITK.ResampleImageFilter()
resample.SetSize([plane["cols"], plane["rows"], across])
resample.SetOutputOrigin(origin.tolist())
resample.SetOutputSpacing([plane["spacing"], plane["spacing"], plane["step"]])
resample.SetOutputDirection(axes.flatten().tolist())
resample.SetInterpolator(SimpleITK.sitkLinear)
resample.SetOutputPixelType(SimpleITK.sitkFloat32)
print(json.dumps({"version": SimpleITK.Version_VersionString()}), flush=True)
for _ in sys.stdin:
    began = time.perf_counter()
    found = resample.Execute(image)
    if across > 1:
        SimpleITK.MaximumProjection(found, 2)
    print(json.dumps(time.perf_counter() - began), flush=True)
