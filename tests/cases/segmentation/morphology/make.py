"""Made with scipy.ndimage and SimpleITK; reads one JSON line {dims, spacing, mask} (or makes its own mask) and writes what
they make of it. Bits are packed little-endian over the flat array: slices, rows, columns."""
import json
import sys

import numpy
import scipy.ndimage as ndimage
import SimpleITK


def unpacked(text, dims):
    bits = numpy.unpackbits(numpy.frombuffer(bytes.fromhex(text), dtype=numpy.uint8), bitorder="little")
    return bits[: numpy.prod(dims)].reshape(dims).astype(bool)


def packed(mask):
    return numpy.packbits(mask.astype(numpy.uint8).ravel(), bitorder="little").tobytes().hex()


def own_mask(dims):
    generator = numpy.random.default_rng(9)
    noise = ndimage.gaussian_filter(generator.standard_normal(dims), (1.0, 2.0, 2.0), mode="nearest")
    mask = noise > noise.std() * 0.6
    mask[dims[0] // 2, 3:9, 4:12] = True
    mask[dims[0] // 2, 5:7, 6:9] = False
    return mask


def results(mask, spacing):
    outside = ndimage.distance_transform_edt(~mask, sampling=spacing)
    inside = ndimage.distance_transform_edt(mask, sampling=spacing)
    image = SimpleITK.GetImageFromArray(mask.astype(numpy.uint8))
    image.SetSpacing(spacing[::-1])
    maurer = SimpleITK.GetArrayFromImage(
        SimpleITK.SignedMaurerDistanceMap(image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True))
    found = {}
    for mm in (0.8, 1.7, 3.1):
        found[f"grow {mm}"] = packed(outside <= mm + 1e-9)
        found[f"shrink {mm}"] = packed(inside > mm + 1e-9)
        # Maurer's distance is to the mask's own border voxels: outside of it the same
        found[f"simpleitk grow {mm}"] = packed((maurer <= mm + 1e-4) | mask)
    for reach in ((1, 1, 1), (1, 2, 0)):
        size = [2 * r + 1 for r in reach[::-1]]
        median = ndimage.median_filter(mask.astype(numpy.uint8), size=size, mode="nearest")
        found["median " + " ".join(map(str, reach))] = packed(median > 0)
    box = SimpleITK.BinaryMedian(SimpleITK.ConstantPad(image, [2] * 3, [2] * 3, 0), [1, 1, 1])
    inner = SimpleITK.GetArrayFromImage(box)[3:-3, 3:-3, 3:-3]
    found["simpleitk median inner"] = packed(inner > 0)
    for name, structure in (("faces", None), ("corners", numpy.ones((3, 3, 3)))):
        labels, n = ndimage.label(mask, structure=structure)
        sizes = numpy.bincount(labels.ravel())[1:]
        found[f"islands {name}"] = sorted(int(size) for size in sizes)
        found[f"largest {name}"] = packed(labels == 1 + int(sizes.argmax()))
        itk = SimpleITK.ConnectedComponent(image, structure is not None)
        found[f"simpleitk islands {name}"] = int(SimpleITK.GetArrayFromImage(itk).max())
    found["holes"] = packed(ndimage.binary_fill_holes(mask))
    found["holes by slice"] = packed(numpy.stack([ndimage.binary_fill_holes(slice) for slice in mask]))
    return found


if __name__ == "__main__":
    request = json.loads(sys.stdin.readline() or "null") if not sys.stdin.isatty() else None
    dims = request["dims"] if request else [11, 30, 70]
    spacing = request["spacing"] if request else [1.6, 0.8, 0.7]
    mask = unpacked(request["mask"], dims) if request else own_mask(dims)
    answer = {"dims": dims, "spacing": spacing, "mask": packed(mask), "results": results(mask, spacing)}
    print(json.dumps(answer))
