// Four stack viewports of one series, with a labelmap and a color map over it: what `overread bench viewer` draws,
// drawn by Cornerstone3D. `window.peer` is driven from outside.

import {
  cache, Enums, getShouldUseCPURendering, imageLoader, init as initCore, metaData, RenderingEngine, utilities,
} from '@cornerstonejs/core';
import vtkColorTransferFunction from '@kitware/vtk.js/Rendering/Core/ColorTransferFunction';
import vtkPiecewiseFunction from '@kitware/vtk.js/Common/DataModel/PiecewiseFunction';
import { Enums as ToolEnums, init as initTools, segmentation } from '@cornerstonejs/tools';

const VIEWPORTS = ['1', '2', '3', '4'];
const SPACING = 0.2;
const INFERNO = [[0, 0, 0.01], [0.34, 0.06, 0.43], [0.73, 0.21, 0.33], [0.98, 0.55, 0.04], [0.99, 1, 0.64]];
let engine;
let frames;
let center = 0;
let slice = 0;

const viewports = () => VIEWPORTS.map((id) => engine.getViewport(id));
const imageIds = (n) => Array.from({ length: n }, (_, i) => `peer:${i}`);
const place = (imageId) => Number(imageId.split(':')[1]);

function image(imageId, pixels, size, window) {
  return {
    imageId, rows: size, columns: size, width: size, height: size, color: false, rgba: false, numberOfComponents: 1,
    minPixelValue: window.low, maxPixelValue: window.high, slope: 1, intercept: 0, invert: false,
    windowCenter: (window.low + window.high) / 2, windowWidth: window.high - window.low,
    voiLUTFunction: Enums.VOILUTFunctionType.LINEAR, columnPixelSpacing: SPACING, rowPixelSpacing: SPACING,
    sizeInBytes: pixels.byteLength, getPixelData: () => pixels, photometricInterpretation: 'MONOCHROME2',
    dataType: pixels.constructor.name,
    voxelManager: utilities.VoxelManager.createImageVoxelManager({ width: size, height: size, numberOfComponents: 1, scalarData: pixels }),
  };
}

function describe(type, imageId) {
  const size = frames.size;
  if (type === 'imagePlaneModule') {
    return {
      frameOfReferenceUID: '1.2.3', rows: size, columns: size, rowCosines: [1, 0, 0], columnCosines: [0, 1, 0],
      imageOrientationPatient: [1, 0, 0, 0, 1, 0], imagePositionPatient: [0, 0, place(imageId)],
      rowPixelSpacing: SPACING, columnPixelSpacing: SPACING, pixelSpacing: [SPACING, SPACING], sliceThickness: 1,
    };
  }
  if (type === 'imagePixelModule') {
    return {
      bitsAllocated: 16, bitsStored: 16, highBit: 15, samplesPerPixel: 1, photometricInterpretation: 'MONOCHROME2',
      pixelRepresentation: frames.is_signed ? 1 : 0, rows: size, columns: size,
    };
  }
  if (type === 'generalSeriesModule') return { modality: frames.is_signed ? 'CT' : 'DX', seriesInstanceUID: '1.2.3.4' };
  if (type === 'voiLutModule') return { windowCenter: [frames.center], windowWidth: [frames.width] };
  if (type === 'modalityLutModule') return { rescaleSlope: 1, rescaleIntercept: 0 };
  return undefined;
}

// One stored picture; each slice is its own copy, a few values apart.
function slicePixels(index) {
  const Kind = frames.is_signed ? Int16Array : Uint16Array;
  const pixels = new Kind(frames.pixels.slice(0));
  for (let i = 0; i < pixels.length; i += 64) pixels[i] += index;
  return pixels;
}

async function labelmap(ids) {
  const labels = imageLoader.createAndCacheDerivedLabelmapImages(ids);
  labels[0].voxelManager.getScalarData().set(new Uint8Array(frames.labels));
  segmentation.addSegmentations([{
    segmentationId: 'masks',
    representation: { type: ToolEnums.SegmentationRepresentations.Labelmap, data: { imageIds: labels.map((one) => one.imageId) } },
  }]);
  for (const id of VIEWPORTS) await segmentation.addLabelmapRepresentationToViewport(id, [{ segmentationId: 'masks' }]);
}

function saliency() {
  const pixels = new Uint16Array(frames.saliency);
  const over = image('peer-saliency:0', pixels, frames.size, { low: 0, high: 65535 });
  cache.putImageSync(over.imageId, over);
  const transfer = vtkColorTransferFunction.newInstance();
  INFERNO.forEach((rgb, i) => transfer.addRGBPoint((i / (INFERNO.length - 1)) * 65535, ...rgb));
  // As labelmaps do it: an opacity per value, drawn in the opaque pass.
  const opacity = vtkPiecewiseFunction.newInstance();
  for (const [at, alpha] of [[0, 0], [16383, 0], [16384, 0.35], [65535, 0.35]]) opacity.addPoint(at, alpha);
  for (const viewport of viewports()) {
    viewport.addImages([{
      imageId: over.imageId,
      actorUID: `saliency-${viewport.id}`,
      callback: ({ imageActor }) => {
        imageActor.getProperty().setRGBTransferFunction(0, transfer);
        // The picture it was made from is not in it yet.
        const imageData = imageActor.getMapper().getInputData();
        imageData.getPointData().getScalars().setData(pixels);
        imageData.modified();
        imageActor.getProperty().setUseLookupTableScalarRange(true);
        imageActor.getProperty().setPiecewiseFunction(0, opacity);
        imageActor.setForceOpaque(true);
      },
    }]);
  }
}

// All four are drawn, and what they drew is there.
async function drawn() {
  const events = VIEWPORTS.map((id) => new Promise((resolve) => {
    const { element } = engine.getViewport(id);
    element.addEventListener(Enums.Events.IMAGE_RENDERED, resolve, { once: true });
  }));
  engine.renderViewports(VIEWPORTS);
  await Promise.all(events);
  for (const viewport of viewports()) viewport.canvas.getContext('2d').getImageData(0, 0, 1, 1);
}

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function timed(nSteps, step) {
  const seconds = [];
  for (let i = 0; i < nSteps; i += 1) {
    await nextFrame();
    const began = performance.now();
    await step();
    seconds.push((performance.now() - began) / 1e3);
  }
  return median(seconds);
}

window.peer = {
  async start(header) {
    const body = async (name) => (await fetch(`/${name}`)).arrayBuffer();
    frames = { ...header, pixels: await body('pixels'), labels: await body('labels'), saliency: await body('saliency') };
    await initCore({ rendering: header.mode ? { renderingEngineMode: header.mode } : {} });
    await initTools();
    metaData.addProvider(describe, 1e4);
    imageLoader.registerImageLoader('peer', (imageId) => {
      const window_ = { low: frames.center - frames.width / 2, high: frames.center + frames.width / 2 };
      return { promise: Promise.resolve(image(imageId, slicePixels(place(imageId)), frames.size, window_)) };
    });
    const ids = imageIds(frames.n_slices);
    engine = new RenderingEngine('peer');
    engine.setViewports(VIEWPORTS.map((id) => {
      const element = document.createElement('div');
      document.getElementById('sheet').append(element);
      return { viewportId: id, type: Enums.ViewportType.STACK, element };
    }));
    for (const id of ids) await imageLoader.loadAndCacheImage(id);
    for (const viewport of viewports()) await viewport.setStack(ids);
    if (frames.has_overlays) {
      await labelmap(ids);
      saliency();
    }
    await drawn();
    const gl = document.createElement('canvas').getContext('webgl2');
    const info = gl.getExtension('WEBGL_debug_renderer_info');
    return { renderer: gl.getParameter(info.UNMASKED_RENDERER_WEBGL), on_cpu: getShouldUseCPURendering() };
  },

  // A drag of the window, shared by all four.
  window: (nSteps) => timed(nSteps, async () => {
    center += 7;
    const lower = frames.center - frames.width / 2 + center;
    for (const viewport of viewports()) viewport.setProperties({ voiRange: { lower, upper: lower + frames.width } });
    await drawn();
  }),

  // The same, from one animation frame of the browser to the next.
  async window_shown(nSteps) {
    const times = [];
    for (let i = 0; i <= nSteps; i += 1) {
      center += 7;
      const lower = frames.center - frames.width / 2 + center;
      for (const viewport of viewports()) viewport.setProperties({ voiRange: { lower, upper: lower + frames.width } });
      await drawn();
      times.push(await nextFrame());
    }
    return median(times.slice(1).map((time, i) => (time - times[i]) / 1e3));
  },

  // One step of the wheel in the first viewport; its image is decoded and cached.
  scroll: (nSteps) => timed(nSteps, async () => {
    slice = (slice + 1) % frames.n_slices;
    const viewport = engine.getViewport('1');
    const rendered = new Promise((resolve) => viewport.element.addEventListener(Enums.Events.IMAGE_RENDERED, resolve, { once: true }));
    await viewport.setImageIdIndex(slice);
    viewport.render();
    await rendered;
    viewport.canvas.getContext('2d').getImageData(0, 0, 1, 1);
  }),
};
