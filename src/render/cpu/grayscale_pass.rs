//! Twin of `shaders/grayscale_pass.wgsl`, in f64.

use crate::domain::frame::Frame;
use crate::imaging::voi_lut;
use crate::render::frame_texture::{self, PixelKind};
use crate::render::request::{DrawRequest, Kernel};

/// Modality value in the first place, or red, green and blue; last 1 for picture or 0 for padding.
type Tap = [f64; 4];

pub(crate) struct GrayscalePass<'a> {
    request: &'a DrawRequest,
    frame: &'a Frame,
    is_color: bool,
    kernel: Kernel,
    footprint: [f64; 2],
}

impl<'a> GrayscalePass<'a> {
    pub fn new(request: &'a DrawRequest) -> Self {
        Self {
            request,
            frame: &request.frame,
            is_color: PixelKind::of(&request.frame, &request.meaning) == PixelKind::Color,
            kernel: request.kernel(),
            footprint: request.footprint(),
        }
    }

    /// sRGB 0 to 1 at a point inside of the image.
    pub fn color(&self, in_image: [f64; 2]) -> [f32; 3] {
        let [x, y, z, picture] = match self.kernel {
            Kernel::Nearest => self.tap(in_image[0].floor() as i64, in_image[1].floor() as i64),
            Kernel::Bilinear => self.bilinear(in_image),
            Kernel::Cubic => self.cubic(in_image),
            Kernel::Area => self.area(in_image),
        };
        if picture < 0.5 {
            return [0.0; 3];
        }
        if self.is_color {
            return [x, y, z].map(|channel| channel.clamp(0.0, 1.0) as f32);
        }
        let shown = voi_lut::apply(&self.request.voi, x);
        [if self.request.invert { 1.0 - shown } else { shown } as f32; 3]
    }

    fn tap(&self, x: i64, y: i64) -> Tap {
        let (cols, rows) = (i64::from(self.frame.cols()), i64::from(self.frame.rows()));
        let pixel = (y.clamp(0, rows - 1) * cols + x.clamp(0, cols - 1)) as usize;
        let (samples, meaning) = (self.frame.samples(), &self.request.meaning);
        if self.is_color {
            let [red, green, blue] = frame_texture::color_at(samples, meaning, pixel).map(|x| f64::from(x) / 255.0);
            return [red, green, blue, 1.0];
        }
        frame_texture::modality_value_at(samples, meaning, pixel).map_or([0.0; 4], |value| [value, 0.0, 0.0, 1.0])
    }

    fn bilinear(&self, in_image: [f64; 2]) -> Tap {
        let ([first_x, first_y], [share_x, share_y]) = first_and_share(in_image);
        let mut sum = [0.0; 4];
        for (j, weight_y) in [1.0 - share_y, share_y].into_iter().enumerate() {
            for (i, weight_x) in [1.0 - share_x, share_x].into_iter().enumerate() {
                add(&mut sum, self.tap(first_x + i as i64, first_y + j as i64), weight_x * weight_y);
            }
        }
        mean(sum, 1.0)
    }

    fn cubic(&self, in_image: [f64; 2]) -> Tap {
        let ([first_x, first_y], [share_x, share_y]) = first_and_share(in_image);
        let (mut sum, mut least, mut greatest) = ([0.0; 4], [f64::MAX; 3], [f64::MIN; 3]);
        for (j, weight_y) in catmull_rom(share_y).into_iter().enumerate() {
            for (i, weight_x) in catmull_rom(share_x).into_iter().enumerate() {
                let tap = self.tap(first_x - 1 + i as i64, first_y - 1 + j as i64);
                if tap[3] < 0.5 {
                    return self.bilinear(in_image);
                }
                add(&mut sum, tap, weight_x * weight_y);
                least.iter_mut().zip(tap).for_each(|(least, value)| *least = least.min(value));
                greatest.iter_mut().zip(tap).for_each(|(greatest, value)| *greatest = greatest.max(value));
            }
        }
        // Overshoot would show values that no pixel around has.
        let [x, y, z] = [0, 1, 2].map(|i| f64::clamp(sum[i], least[i], greatest[i]));
        [x, y, z, 1.0]
    }

    fn area(&self, in_image: [f64; 2]) -> Tap {
        let low = [0, 1].map(|axis| in_image[axis] - self.footprint[axis] / 2.0);
        let high = [0, 1].map(|axis| in_image[axis] + self.footprint[axis] / 2.0);
        let mut sum = [0.0; 4];
        for y in low[1].floor() as i64..high[1].ceil() as i64 {
            let weight_y = high[1].min((y + 1) as f64) - low[1].max(y as f64);
            for x in low[0].floor() as i64..high[0].ceil() as i64 {
                let weight_x = high[0].min((x + 1) as f64) - low[0].max(x as f64);
                add(&mut sum, self.tap(x, y), weight_x * weight_y);
            }
        }
        mean(sum, self.footprint[0] * self.footprint[1])
    }
}

fn first_and_share(in_image: [f64; 2]) -> ([i64; 2], [f64; 2]) {
    let from_center = in_image.map(|coordinate| coordinate - 0.5);
    (
        from_center.map(|coordinate| coordinate.floor() as i64),
        from_center.map(|coordinate| coordinate - coordinate.floor()),
    )
}

fn add(sum: &mut Tap, tap: Tap, weight: f64) {
    sum.iter_mut().zip(tap).for_each(|(sum, value)| *sum += value * weight);
}

fn mean(sum: Tap, weight: f64) -> Tap {
    let picture = sum[3].max(1e-6);
    [sum[0] / picture, sum[1] / picture, sum[2] / picture, sum[3] / weight]
}

/// Keys's cubic with a = −1/2: weights of the four neighbors at `t` past the second.
fn catmull_rom(t: f64) -> [f64; 4] {
    [
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    ]
}
