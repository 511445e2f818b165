"""Does one kind of work with one library once per "go" and prints the seconds it took."""
import json
import sys
import time

header = json.loads(sys.stdin.buffer.readline())
files = header["files"]


def pydicom_headers():
    import pydicom
    return lambda: [pydicom.dcmread(path, stop_before_pixels=True) for path in files], pydicom.__version__


def gdcm_scanner():
    import gdcm
    tags = [(0x8, 0x16), (0x8, 0x18), (0x8, 0x20), (0x8, 0x60), (0x8, 0x103E), (0x10, 0x10), (0x10, 0x20),
            (0x18, 0x50), (0x20, 0xD), (0x20, 0xE), (0x20, 0x11), (0x20, 0x13), (0x20, 0x32), (0x20, 0x37),
            (0x28, 0x10), (0x28, 0x11), (0x28, 0x30), (0x28, 0x1050), (0x28, 0x1051), (0x28, 0x1052), (0x28, 0x1053)]

    def scan():
        scanner = gdcm.Scanner()
        for tag in tags:
            scanner.AddTag(gdcm.Tag(*tag))
        assert scanner.Scan(files)
    return scan, gdcm.Version.GetVersion()


def pydicom_volume():
    import numpy
    import pydicom

    def load():
        sets = [pydicom.dcmread(path) for path in files]
        sets.sort(key=lambda one: one.ImagePositionPatient[2])
        return numpy.stack([one.pixel_array for one in sets])
    return load, pydicom.__version__


def gdcm_volume():
    import gdcm

    def load():
        sorter = gdcm.IPPSorter()
        sorter.SetComputeZSpacing(False)
        assert sorter.Sort(files)
        # The pixels stay in gdcm's own memory: its Python has no quick way out of it
        readers = []
        for path in sorter.GetFilenames():
            reader = gdcm.ImageReader()
            reader.SetFileName(path)
            assert reader.Read()
            readers.append(reader)
        return readers
    return load, gdcm.Version.GetVersion()


def simpleitk_volume():
    import SimpleITK

    def load():
        names = SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(header["folder"])
        reader = SimpleITK.ImageSeriesReader()
        reader.SetFileNames(names)
        return reader.Execute()
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(2)
    return load, SimpleITK.Version_VersionString()


def dcmtk_volume():
    import ctypes
    import pathlib
    import subprocess
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        source, library = pathlib.Path(folder, "volume.cc"), pathlib.Path(folder, "volume.so")
        source.write_text(header["source"])
        libraries = ["-ldcmdata", "-loflog", "-lofstd"]
        subprocess.run(["g++", "-O2", "-shared", "-fPIC", str(source), "-o", str(library), *libraries], check=True,
                       capture_output=True)
        compiled = ctypes.CDLL(str(library))
    n_samples = 512 * 512
    # One array for all rounds: its memory is not fresh
    volume = (ctypes.c_uint16 * (n_samples * len(files)))()
    paths = (ctypes.c_char_p * len(files))(*[path.encode() for path in files])

    def load():
        assert compiled.load_volume(paths, len(files), volume, ctypes.c_ulong(n_samples)) == 0
    version = subprocess.run(["dcmdump", "--version"], capture_output=True, text=True, check=False).stdout
    return load, version.split()[2] if len(version.split()) > 2 else ""


def pydicom_frame():
    import pydicom
    from pydicom.pixels import pixel_array
    turn = [0]

    def load():
        turn[0] = (turn[0] + 337) % header["n_frames"]
        return pixel_array(files[0], index=turn[0])
    return load, pydicom.__version__


work, version = globals()[header["work"]]()
work()
print(json.dumps({"version": version}), flush=True)
for _ in sys.stdin.buffer:
    began = time.perf_counter()
    result = work()
    print(time.perf_counter() - began, flush=True)
    del result
