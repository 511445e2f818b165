"""Decodes one file's first frame through pydicom and one plugin per "go" and prints the seconds it took."""
import json
import sys
import time

import pydicom
from pydicom.pixels import pixel_array

header = json.loads(sys.stdin.buffer.readline())


def decode():
    return pixel_array(header["path"], index=0, decoding_plugin=header["plugin"], raw=True)


def native():
    return pydicom.dcmread(header["path"]).pixel_array


work = decode if pydicom.dcmread(header["path"], stop_before_pixels=True).file_meta.TransferSyntaxUID.is_compressed else native
try:
    work()
except Exception as error:
    print(json.dumps({"error": str(error)[:200]}), flush=True)
else:
    print(json.dumps({"version": pydicom.__version__}), flush=True)
    for _ in sys.stdin.buffer:
        began = time.perf_counter()
        pixels = work()
        print(time.perf_counter() - began, flush=True)
        del pixels
