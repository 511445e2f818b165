//! Masks under a reader's hand: the shader equals its twin, they look as finished masks do, and a stroke sends its tiles.

use std::sync::Arc;

use overread::imaging::view::{ImageGrid, View};
use overread::render::cpu;
use overread::render::live_labels::{LabelTile, LiveLayer, LiveMasks, TILE};
use overread::render::request::{DrawRequest, MAX_SEGMENTS, MaskLayer};

use crate::render::cases::{self, Dice};
use crate::render::renderer;

const VIEWPORT: [f64; 2] = [120.0, 90.0];

/// The tiles of finished masks.
fn live_of(rows: u32, cols: u32, masks: &[MaskLayer], version: u64) -> LiveMasks {
    let dense: Vec<Vec<u8>> = masks.iter().map(|layer| layer.segment.mask.to_dense()).collect();
    let across = LiveMasks::n_across(cols) as u32;
    let tile = |index: u32| {
        let (left, top) = (index % across * TILE, index / across * TILE);
        let bits = (0..TILE * TILE).map(|at| {
            let (x, y) = (left + at % TILE, top + at / TILE);
            let is_on = x < cols && y < rows;
            let of_mask =
                |(bit, dense): (usize, &Vec<u8>)| u32::from(is_on && dense[(y * cols + x) as usize] != 0) << bit;
            dense.iter().enumerate().map(of_mask).fold(0, |bits, bit| bits | bit)
        });
        LabelTile { version, bits: bits.collect() }
    };
    let n_tiles = LiveMasks::n_tiles(cols, rows) as u32;
    let layer = |layer: &MaskLayer| LiveLayer { color: layer.color, is_visible: layer.is_visible, opacity: 1.0 };
    LiveMasks { id: 5, cols, rows, tiles: (0..n_tiles).map(tile).collect(), layers: masks.iter().map(layer).collect() }
}

fn request(dice: &mut Dice, rows: u32, cols: u32) -> DrawRequest {
    let view = View {
        zoom: dice.between(0.2, 3.0),
        pan: [dice.between(-20.0, 20.0), dice.between(-20.0, 20.0)],
        quarter_turns: dice.below(4) as u8,
        flip_h: dice.coin(),
    };
    let mut request = cases::plain_request(rows, cols, vec![90; (rows * cols) as usize], view, VIEWPORT);
    request.transform = view.transform(&ImageGrid::new(rows, cols, 1.0), VIEWPORT);
    request.overlay.fill_opacity = 0.4;
    request
}

/// Bytes that differ by more than a level; at a mask's edge f32 and f64 may fall on either side.
fn n_differing(a: &[u8], b: &[u8]) -> usize {
    a.chunks(4).zip(b.chunks(4)).filter(|(a, b)| a.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > 1)).count()
}

#[test]
fn masks_in_hand_equal_their_twin_and_look_as_finished_ones_do() {
    let Some(mut renderer) = renderer() else { return };
    let mut dice = Dice(4);
    for (round, (rows, cols)) in [(40, 60), (130, 65), (64, 128), (150, 200)].into_iter().enumerate() {
        let mut request = request(&mut dice, rows, cols);
        let masks = cases::masks(&mut dice, rows, cols, 3);
        request.overlay.masks = masks.clone();
        let finished = renderer.draw(&request, 120, 90).unwrap();
        let mut live = live_of(rows, cols, &masks, round as u64 + 1);
        request.overlay.masks.clear();
        request.overlay.live = Some(Arc::new(live.clone()));
        let drawn = renderer.draw(&request, 120, 90).unwrap();
        assert!(n_differing(&drawn, &cpu::draw(&request, 120, 90)) <= 12, "{rows} × {cols}");
        let is_minified = request.image_px_per_screen_px()[0] > 1.0;
        // Coarse levels of odd pictures take their last row elsewhere
        assert!(n_differing(&drawn, &finished) <= if is_minified { 60 } else { 0 }, "{rows} × {cols}");
        live.layers.iter_mut().for_each(|layer| layer.opacity = 0.3);
        request.overlay.live = Some(Arc::new(live));
        let faint = renderer.draw(&request, 120, 90).unwrap();
        assert!(n_differing(&faint, &cpu::draw(&request, 120, 90)) <= 12, "{rows} × {cols}, faint");
    }
}

#[test]
fn a_stroke_sends_the_tiles_it_touched_and_a_look_sends_nothing() {
    let Some(mut renderer) = renderer() else { return };
    let (rows, cols) = (512, 640);
    let mut dice = Dice(8);
    let mut request = request(&mut dice, rows, cols);
    let mut masks = cases::masks(&mut dice, rows, cols, 2);
    masks.iter_mut().for_each(|layer| layer.is_visible = true);
    let mut live = live_of(rows, cols, &masks, 1);
    let mut sent = |live: &LiveMasks, renderer: &mut overread::render::offscreen::OffscreenRenderer| {
        let before = renderer.uploads().bytes;
        request.overlay.live = Some(Arc::new(live.clone()));
        renderer.draw(&request, 120, 90).unwrap();
        renderer.uploads().bytes - before
    };
    assert!(sent(&live, &mut renderer) > u64::from(rows * cols));
    live.layers[0].color = [1, 2, 3];
    live.layers[1].is_visible = false;
    live.layers[0].opacity = 0.5;
    assert_eq!(sent(&live, &mut renderer), 0);
    live.tiles[11] = LabelTile { version: 2, bits: vec![1; (TILE * TILE) as usize].into() };
    let n_bytes = sent(&live, &mut renderer);
    assert!((4096..8192).contains(&n_bytes), "{n_bytes} bytes for one tile of 64 × 64 and its coarser levels");
}

#[test]
fn more_segments_than_bits_or_tiles_that_do_not_fit_are_refused() {
    let Some(mut renderer) = renderer() else { return };
    let mut dice = Dice(8);
    let mut request = request(&mut dice, 40, 60);
    let masks = cases::masks(&mut dice, 40, 60, 1);
    let mut live = live_of(40, 60, &masks, 1);
    live.layers = vec![LiveLayer { color: [9; 3], is_visible: true, opacity: 1.0 }; MAX_SEGMENTS + 1];
    request.overlay.live = Some(Arc::new(live.clone()));
    assert!(renderer.draw(&request, 120, 90).is_err());
    live.layers.truncate(1);
    live.tiles.clear();
    request.overlay.live = Some(Arc::new(live));
    assert!(renderer.draw(&request, 120, 90).is_err());
}
