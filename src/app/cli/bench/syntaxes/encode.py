"""Writes one picture as a JPEG 2000 or HTJ2K codestream, without loss."""
import json
import sys

import imagecodecs
import numpy

header = json.loads(sys.stdin.buffer.readline())
n_bytes = header["rows"] * header["cols"] * 2
pixels = numpy.frombuffer(sys.stdin.buffer.read(n_bytes), "<u2").reshape(header["rows"], header["cols"])
if header["kind"] == "htj2k":
    encoded = imagecodecs.htj2k_encode(pixels, reversible=True)
else:
    encoded = imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="j2k", reversible=True, bitspersample=header["bits"])
with open(header["out"], "wb") as out:
    out.write(encoded)
print(json.dumps({"imagecodecs": imagecodecs.__version__, "bytes": len(encoded)}), flush=True)
