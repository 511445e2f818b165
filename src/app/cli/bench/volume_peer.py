"""SimpleITK cuts one plane out of a volume of the same size and spacing."""
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
resample = SimpleITK.ResampleImageFilter()
resample.SetSize([plane["cols"], plane["rows"], 1])
resample.SetOutputOrigin(plane["origin"])
resample.SetOutputSpacing([plane["spacing"], plane["spacing"], 1.0])
resample.SetOutputDirection(axes.flatten().tolist())
resample.SetInterpolator(SimpleITK.sitkLinear)
resample.SetOutputPixelType(SimpleITK.sitkFloat32)
print(json.dumps({"version": SimpleITK.Version_VersionString()}), flush=True)
for _ in sys.stdin:
    began = time.perf_counter()
    resample.Execute(image)
    print(json.dumps(time.perf_counter() - began), flush=True)
