"""Writes results as other products would, with highdicom and pydicom, over the CT series in a folder.

`make_foreign.py STUDY OUT`. Prints as one line of JSON what each object says: the label, the image it lies on, and the box
around it in pixels of that image.
"""

import copy
import json
import sys
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
from highdicom import AlgorithmIdentificationSequence
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

study, out = Path(sys.argv[1]), Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
images = [pydicom.dcmread(path) for path in sorted(study.rglob("*.dcm"))]
images = [image for image in images if image.Modality == "CT"]
normal = np.cross(images[0].ImageOrientationPatient[:3], images[0].ImageOrientationPatient[3:])
images.sort(key=lambda image: float(np.dot(normal, image.ImagePositionPatient)))
middle = images[len(images) // 2]
rows, cols = middle.Rows, middle.Columns
truth = []
DEVICE = {
    "manufacturer": "Elsewhere Inc",
    "manufacturer_model_name": "Other AI",
    "software_versions": "3.1",
    "device_serial_number": "1",
}


def place(image, x, y):
    """The point of the patient under a pixel."""
    row, col = np.array(image.ImageOrientationPatient[:3]), np.array(image.ImageOrientationPatient[3:])
    down, across = (float(mm) for mm in image.PixelSpacing)
    return np.array(image.ImagePositionPatient, dtype=float) + row * across * x + col * down * y


def say(name, label, image, box, kind="region"):
    truth.append({"file": name, "label": label, "sop": image.SOPInstanceUID, "box": box, "kind": kind})


def algorithm(name):
    family = codes.DCM.ArtificialIntelligence
    return AlgorithmIdentificationSequence(name=name, family=family, version="3.1")


# Segmentations: bits of two overlapping segments, fractions, and a map of labels
mask = np.zeros((len(images), rows, cols, 2), dtype=np.uint8)
k = len(images) // 2
mask[k, 4:9, 6:15, 0] = 1
mask[k, 7:12, 10:20, 1] = 1
mask[k + 1, 5:8, 7:12, 0] = 1


def segment(number, label, code):
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=label,
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=code,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm("Other nodules"),
        tracking_uid=generate_uid(),
        tracking_id=label,
    )


segments = [segment(1, "Nodule A", codes.SCT.Nodule), segment(2, "Mass B", codes.SCT.Mass)]
KINDS = [
    ("seg-binary.dcm", hd.seg.SegmentationTypeValues.BINARY, mask),
    ("seg-fractional.dcm", hd.seg.SegmentationTypeValues.FRACTIONAL, mask.astype(np.float32) * 0.75),
]
for name, kind, pixels in KINDS:
    seg = hd.seg.Segmentation(
        source_images=images,
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=segments,
        series_instance_uid=generate_uid(),
        series_number=90,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        omit_empty_frames=True,
        series_description=f"Other {kind.value.lower()}",
        **DEVICE,
    )
    seg.save_as(out / name)
    say(name, "Nodule A", middle, [6, 4, 15, 9], "mask")
    say(name, "Mass B", middle, [10, 7, 20, 12], "mask")

# A segmentation of pictures that are not here
away = copy.deepcopy(images)
elsewhere = generate_uid()
for image in away:
    image.SOPInstanceUID, image.SeriesInstanceUID = generate_uid(), elsewhere
    image.FrameOfReferenceUID = middle.FrameOfReferenceUID + ".9"
    image.ImagePositionPatient = [float(mm) + 5000 for mm in image.ImagePositionPatient]
hd.seg.Segmentation(
    source_images=away,
    pixel_array=mask[..., :1],
    segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
    segment_descriptions=segments[:1],
    series_instance_uid=generate_uid(),
    series_number=91,
    sop_instance_uid=generate_uid(),
    instance_number=1,
    series_description="Other, of pictures elsewhere",
    **DEVICE,
).save_as(out / "seg-elsewhere.dcm")
truth.append({"file": "seg-elsewhere.dcm", "label": "Nodule A", "sop": "", "box": None, "kind": "absent"})

# A parametric map over the middle slice
mapping = hd.pm.RealWorldValueMapping(
    lut_label="1",
    lut_explanation="relative activation",
    unit=codes.UCUM.NoUnits,
    value_range=(0.0, 1.0),
    intercept=0,
    slope=1,
    quantity_definition=pydicom.sr.coding.Code("130403", "DCM", "Gradient-weighted class activation"),
)
activation = np.zeros((rows, cols), dtype=np.float32)
activation[3:9, 5:11] = 0.9
hd.pm.ParametricMap(
    source_images=[middle],
    pixel_array=activation,
    series_instance_uid=generate_uid(),
    series_number=92,
    sop_instance_uid=generate_uid(),
    instance_number=1,
    contains_recognizable_visual_features=False,
    real_world_value_mappings=[mapping],
    window_center=0.5,
    window_width=1,
    series_description="Other activation",
    **DEVICE,
).save_as(out / "pm.dcm")
say("pm.dcm", "Other activation", middle, None, "looked at")

# A measurement report: a region in the patient, a region on the picture, an evaluation of the whole image
evidence = [middle]
observer = hd.sr.ObserverContext(
    observer_type=codes.DCM.Device,
    observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
        uid=generate_uid(), name="Other AI", manufacturer_name="Elsewhere Inc"
    ),
)
context = hd.sr.ObservationContext(observer_device_context=observer)
corners = [(8, 6), (20, 6), (20, 14), (8, 14), (8, 6)]
in_patient = hd.sr.ImageRegion3D(
    graphic_type=hd.sr.GraphicTypeValues3D.POLYGON,
    graphic_data=np.array([place(middle, x, y) for x, y in corners]),
    frame_of_reference_uid=middle.FrameOfReferenceUID,
)
source = hd.sr.SourceImageForRegion.from_source_image(middle)
on_picture = hd.sr.ImageRegion(
    graphic_type=hd.sr.GraphicTypeValues.POLYLINE,
    # Pixel-edge coordinates
    graphic_data=np.array([(x + 0.5, y + 0.5) for x, y in [(2, 3), (9, 3), (9, 12), (2, 12), (2, 3)]]),
    source_image=source,
)
size = hd.sr.Measurement(name=codes.SCT.Diameter, value=12.5, unit=codes.UCUM.Millimeter)


def tracking(name):
    return hd.sr.TrackingIdentifier(uid=generate_uid(), identifier=name)


groups = [
    hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=tracking("P1"), referenced_region=in_patient, finding_type=codes.SCT.Nodule, measurements=[size]
    ),
    hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=tracking("P2"), referenced_region=on_picture, finding_type=codes.SCT.Mass
    ),
    hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=tracking("Q1"),
        finding_type=codes.SCT.PleuralEffusion,
        source_images=[hd.sr.SourceImageForMeasurementGroup.from_source_image(middle)],
        qualitative_evaluations=[
            hd.sr.QualitativeEvaluation(name=codes.DCM.LevelOfSignificance, value=codes.SCT.Present)
        ],
    ),
]
report = hd.sr.MeasurementReport(
    observation_context=context, procedure_reported=codes.cid100.CTUnspecifiedBodyRegion, imaging_measurements=groups
)
hd.sr.Comprehensive3DSR(
    evidence=evidence,
    content=report,
    series_instance_uid=generate_uid(),
    series_number=93,
    sop_instance_uid=generate_uid(),
    instance_number=1,
    manufacturer="Elsewhere Inc",
    is_complete=True,
).save_as(out / "sr.dcm")
say("sr.dcm", "Nodule P1", middle, [8, 6, 20, 14])
say("sr.dcm", "Mass P2", middle, [2, 3, 9, 12])
say("sr.dcm", "Pleural effusion Q1", middle, None, "image")


# CAD of the chest (TID 4100): coordinates under a single image finding, the image by reference to the library
def code(value, scheme, meaning):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return Sequence([item])


def item(relation, kind, name=None, *below, **more):
    one = Dataset()
    if relation:
        one.RelationshipType = relation
    one.ValueType = kind
    if name:
        one.ConceptNameCodeSequence = code(*name)
    for key, value in more.items():
        setattr(one, key, value)
    if below:
        one.ContentSequence = Sequence(below)
    return one


def image_item(relation, image):
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    return item(relation, "IMAGE", None, ReferencedSOPSequence=Sequence([reference]))


def by_reference(relation, *path):
    one = Dataset()
    one.RelationshipType, one.ReferencedContentItemIdentifier = relation, list(path)
    return one


def scoord(relation, name, kind, points, *below):
    flat = [number for point in points for number in point]
    return item(relation, "SCOORD", name, *below, GraphicType=kind, GraphicData=flat)


def number(relation, name, value, unit):
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = value, code(unit, "UCUM", unit)
    return item(relation, "NUM", name, MeasuredValueSequence=Sequence([measured]))


def single_image_finding(what, center, outline, certainty, shown=("111150", "DCM", "Presentation Required")):
    return item(
        "CONTAINS",
        "CODE",
        ("111059", "DCM", "Single Image Finding"),
        item("HAS CONCEPT MOD", "CODE", ("111056", "DCM", "Rendering Intent"), ConceptCodeSequence=code(*shown)),
        item("HAS PROPERTIES", "TEXT", ("112039", "DCM", "Tracking Identifier"), TextValue=f"C{certainty}"),
        number("HAS PROPERTIES", ("111012", "DCM", "Certainty of Finding"), certainty, "%"),
        scoord("HAS PROPERTIES", ("111010", "DCM", "Center"), "POINT", [center], by_reference("SELECTED FROM", 1, 1, 1)),
        scoord("HAS PROPERTIES", ("111041", "DCM", "Outline"), "POLYLINE", outline, by_reference("SELECTED FROM", 1, 1, 1)),
        ConceptCodeSequence=code(*what),
    )


def cad(name, sop_class, title, template, finding):
    library = item("CONTAINS", "CONTAINER", ("111028", "DCM", "Image Library"), image_item("CONTAINS", middle))
    library.ContinuityOfContent = "SEPARATE"
    outline = [(10.5, 5.5), (16.5, 5.5), (16.5, 11.5), (10.5, 11.5), (10.5, 5.5)]
    shown = single_image_finding(finding, (13.5, 8.5), outline, 88)
    hidden = single_image_finding(
        finding, (6.5, 6.5), [(3.5, 3.5), (9.5, 3.5), (9.5, 9.5), (3.5, 3.5)], 12, ("111152", "DCM", "Not for Presentation")
    )
    impression = item(
        "INFERRED FROM",
        "CONTAINER",
        ("111034", "DCM", "Individual Impression/Recommendation"),
        item(
            "HAS CONCEPT MOD",
            "CODE",
            ("111056", "DCM", "Rendering Intent"),
            ConceptCodeSequence=code("111150", "DCM", "Presentation Required"),
        ),
        shown,
        hidden,
        ContinuityOfContent="SEPARATE",
    )
    summary = item(
        "CONTAINS",
        "CODE",
        ("111017", "DCM", "CAD Processing and Findings Summary"),
        impression,
        ConceptCodeSequence=code("111242", "DCM", "All algorithms succeeded; with findings"),
    )
    root = item(None, "CONTAINER", title, library, summary)
    root.ContinuityOfContent = "SEPARATE"
    mapping = Dataset()
    mapping.MappingResource, mapping.TemplateIdentifier = "DCMR", template
    root.ContentTemplateSequence = Sequence([mapping])
    for keyword in ["PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate"]:
        setattr(root, keyword, middle.get(keyword, ""))
    root.StudyTime, root.StudyID, root.AccessionNumber, root.ReferringPhysicianName = "", "", "", ""
    root.SOPClassUID, root.SOPInstanceUID, root.SeriesInstanceUID = sop_class, generate_uid(), generate_uid()
    root.Modality, root.SeriesNumber, root.InstanceNumber = "SR", 94, 1
    root.Manufacturer, root.ManufacturerModelName = "Elsewhere Inc", "Other CAD"
    root.CompletionFlag, root.VerificationFlag = "COMPLETE", "UNVERIFIED"
    root.ContentDate, root.ContentTime = "20260301", "101500"
    root.file_meta = FileMetaDataset()
    root.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    pydicom.dcmwrite(out / name, root, enforce_file_format=True)
    say(name, finding[2], middle, [10, 5, 16, 11])
    say(name, finding[2], middle, [3, 3, 9, 9], "kept back")


cad(
    "cad-chest.dcm",
    "1.2.840.10008.5.1.4.1.1.88.65",
    ("112000", "DCM", "Chest CAD Report"),
    "4100",
    ("27925004", "SCT", "Nodule"),
)
cad(
    "cad-mammography.dcm",
    "1.2.840.10008.5.1.4.1.1.88.50",
    ("111036", "DCM", "Mammography CAD Report"),
    "4000",
    ("129769006", "SCT", "Calcification Cluster"),
)

# A presentation state with a drawing and a text
drawing = hd.pr.GraphicObject(
    graphic_type=hd.pr.GraphicTypeValues.POLYLINE,
    graphic_data=np.array([(x + 0.5, y + 0.5) for x, y in [(5, 5), (18, 5), (18, 15), (5, 15), (5, 5)]]),
    units=hd.pr.AnnotationUnitsValues.PIXEL,
)
layer = hd.pr.GraphicLayer(layer_name="MARKS", order=1)
annotation = hd.pr.GraphicAnnotation(
    referenced_images=[middle],
    graphic_layer=layer,
    graphic_objects=[drawing],
    text_objects=[
        hd.pr.TextObject(text_value="look here", units=hd.pr.AnnotationUnitsValues.PIXEL, anchor_point=(18.0, 5.0))
    ],
)
hd.pr.GrayscaleSoftcopyPresentationState(
    referenced_images=[middle],
    series_instance_uid=generate_uid(),
    series_number=95,
    sop_instance_uid=generate_uid(),
    instance_number=1,
    content_label="MARKS",
    graphic_layers=[layer],
    graphic_annotations=[annotation],
    voi_lut_transformations=[hd.pr.SoftcopyVOILUTTransformation(window_center=40.0, window_width=400.0)],
    **DEVICE,
).save_as(out / "gsps.dcm")
say("gsps.dcm", "Drawings, MARKS", middle, [5, 5, 18, 15], "looked at")

# Key images
hd.ko.KeyObjectSelectionDocument(
    evidence=[middle],
    content=hd.ko.KeyObjectSelection(document_title=codes.DCM.OfInterest, referenced_objects=[middle]),
    series_instance_uid=generate_uid(),
    series_number=96,
    sop_instance_uid=generate_uid(),
    instance_number=1,
    manufacturer="Elsewhere Inc",
).save_as(out / "ko.dcm")
truth.append({"file": "ko.dcm", "label": "", "sop": middle.SOPInstanceUID, "box": None, "kind": "key image"})

# A structure set: one closed contour on the middle slice, one on the next
contours = []
for image, corners in [(middle, [(6, 4), (16, 4), (16, 10), (6, 10)]), (images[k + 1], [(7, 5), (12, 5), (12, 9), (7, 9)])]:
    contour = Dataset()
    contour.ContourGeometricType = "CLOSED_PLANAR"
    points = [place(image, x, y) for x, y in corners]
    contour.NumberOfContourPoints = len(points)
    contour.ContourData = [f"{number:.4f}" for point in points for number in point]
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    contour.ContourImageSequence = Sequence([reference])
    contours.append(contour)
of_roi = Dataset()
of_roi.ReferencedROINumber, of_roi.ContourSequence, of_roi.ROIDisplayColor = 1, Sequence(contours), [255, 0, 255]
roi = Dataset()
roi.ROINumber, roi.ROIName, roi.ROIGenerationAlgorithm = 1, "GTV", "SEMIAUTOMATIC"
roi.ReferencedFrameOfReferenceUID = middle.FrameOfReferenceUID
observation = Dataset()
observation.ObservationNumber, observation.ReferencedROINumber = 1, 1
observation.RTROIInterpretedType, observation.ROIInterpreter = "GTV", ""
structures = Dataset()
for keyword in ["PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate"]:
    setattr(structures, keyword, middle.get(keyword, ""))
structures.StudyTime, structures.StudyID, structures.AccessionNumber = "", "", ""
structures.SOPClassUID, structures.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.481.3", generate_uid()
structures.SeriesInstanceUID, structures.Modality, structures.SeriesNumber = generate_uid(), "RTSTRUCT", 97
structures.Manufacturer, structures.StructureSetLabel = "Elsewhere Inc", "PLAN"
structures.StructureSetDate, structures.StructureSetTime = "20260301", "101500"
structures.ROIContourSequence = Sequence([of_roi])
structures.StructureSetROISequence = Sequence([roi])
structures.RTROIObservationsSequence = Sequence([observation])
structures.file_meta = FileMetaDataset()
structures.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
pydicom.dcmwrite(out / "rtstruct.dcm", structures, enforce_file_format=True)
say("rtstruct.dcm", "GTV", middle, [6, 4, 16, 10], "mask")
print(json.dumps(truth))
