//! The program's own operators give what candle's give, with every instruction set this machine has.

use candle_core::{Device, Tensor};
use overread::inference::cpu::isa::Isa;
use overread::inference::cpu::program::Program;
use overread::inference::golden::relative_difference;
use overread::inference::graph::candle::CandleGraph;
use overread::inference::graph::{Activation, Affine, Conv, Gate, Graph, Up};

/// Numbers around 0 from a small generator: the same on every machine.
struct Noise(u64);

impl Noise {
    fn values(&mut self, n: usize, scale: f32) -> Vec<f32> {
        let mut next = || {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            ((self.0 >> 40) as f32 / 8_388_608.0 - 1.0) * scale
        };
        (0..n).map(|_| next()).collect()
    }

    fn conv(&mut self, (n_in, n_out): (usize, usize), kernel: usize) -> Conv {
        let scale = (3.0 / (n_in * kernel * kernel) as f32).sqrt();
        let (weight, bias) = (self.values(n_in * n_out * kernel * kernel, scale), self.values(n_out, 0.3));
        Conv::new((n_in, n_out), kernel, weight, bias)
    }

    fn depthwise(&mut self, n: usize, kernel: usize, stride: usize) -> Conv {
        let conv = Conv { n_in: n, groups: n, stride, ..self.conv((1, n), kernel) };
        conv.then(Activation::Silu)
    }

    fn affine(&mut self, n: usize) -> Affine {
        Affine { scale: self.values(n, 1.5), shift: self.values(n, 0.5) }
    }

    fn up(&mut self, n_in: usize, n_out: usize) -> Up {
        Up { n_in, n_out, weight: self.values(4 * n_in * n_out, 0.4), bias: self.values(n_out, 0.3) }
    }

    fn gate(&mut self, n: usize, n_squeezed: usize) -> Gate {
        Gate {
            n_squeezed,
            squeeze: self.values(n * n_squeezed, 0.5),
            squeeze_bias: self.values(n_squeezed, 0.3),
            excite: self.values(n * n_squeezed, 0.5),
            excite_bias: self.values(n, 0.3),
        }
    }
}

/// Both engines on one graph; the fast one with every instruction set, each run twice on the same buffers.
fn check(name: &str, graph: &Graph, (channels, rows, cols): (usize, usize, usize)) {
    let picture = Noise(0x9e37_79b9).values(channels * rows * cols, 1.0);
    let x = Tensor::from_slice(&picture, (1, channels, rows, cols), &Device::Cpu).unwrap();
    let by_candle = CandleGraph::new(graph, &Device::Cpu).unwrap().run(&x, &|| false).unwrap();
    let expected = by_candle.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    for isa in Isa::available().into_iter().chain([Isa::PortableWide]) {
        let program = Program::new(graph, rows, cols, isa).expect("the engine knows these steps");
        assert_eq!(program.output(), by_candle.dims()[1..]);
        for _ in 0..2 {
            let found = program.run(&picture, &|| false).unwrap();
            let difference = relative_difference(&found, &expected);
            assert!(difference <= 1e-4, "{name} {rows}×{cols} with {isa:?}: {difference:.1e}");
        }
    }
}

#[test]
fn convolutions_of_every_kind_equal_candles() {
    let noise = &mut Noise(7);
    for kernel in [1, 3, 5, 7] {
        for (n_in, n_out) in [(1, 5), (3, 16), (8, 8), (17, 33), (40, 72)] {
            for (stride, padding, size) in [(1, kernel / 2, (13, 9)), (2, kernel / 2, (14, 23)), (2, 0, (11, 8))] {
                for after in [Activation::Linear, Activation::Relu, Activation::Silu] {
                    let (mut graph, input) = Graph::new(n_in);
                    graph.conv(input, Conv { stride, padding, ..noise.conv((n_in, n_out), kernel).then(after) });
                    check(&format!("{kernel}×{kernel}/{stride} {n_in}→{n_out}"), &graph, (n_in, size.0, size.1));
                }
            }
        }
    }
}

#[test]
fn winograd_equals_candle_at_every_border() {
    let noise = &mut Noise(8);
    for (n_in, n_out) in [(8, 8), (16, 40), (33, 17), (64, 32)] {
        for (rows, cols) in [(12, 12), (9, 17), (33, 10), (14, 15), (3, 40)] {
            let (mut graph, input) = Graph::new(n_in);
            let residual = graph.conv(input, noise.conv((n_in, n_out), 1));
            graph.conv_plus(input, noise.conv((n_in, n_out), 3).then(Activation::Relu), residual);
            check(&format!("winograd {n_in}→{n_out}"), &graph, (n_in, rows, cols));
        }
    }
}

#[test]
fn depthwise_convolutions_and_gates_equal_candles() {
    let noise = &mut Noise(9);
    for n in [5, 16, 24, 50] {
        for (kernel, stride) in [(3, 1), (3, 2), (5, 1), (5, 2)] {
            let (mut graph, input) = Graph::new(n);
            let wide = graph.conv(input, noise.depthwise(n, kernel, stride));
            let gate = graph.gate(wide, noise.gate(n, 3));
            let narrow = graph.gated_conv(wide, gate, noise.conv((n, 21), 1), None);
            graph.gated_conv(wide, gate, noise.conv((n, 21), 1).then(Activation::Relu), Some(narrow));
            check(&format!("depthwise {n} {kernel}/{stride}"), &graph, (n, 15, 11));
        }
    }
}

#[test]
fn dense_blocks_written_in_place_equal_joined_ones() {
    let noise = &mut Noise(10);
    for (width, growth) in [(8, 4), (16, 16), (20, 12)] {
        let (mut graph, input) = Graph::new(2);
        let stem = graph.conv(input, Conv { stride: 2, ..noise.conv((2, width), 7) }.then(Activation::Relu));
        let mut x = graph.max_pool(stem, 3, 2, 1);
        for _ in 0..4 {
            let n = graph.n_channels(x);
            let before = noise.affine(n);
            let narrow = graph.conv(x, noise.conv((n, 24), 1).behind(before).then(Activation::Relu));
            let grown = graph.conv(narrow, noise.conv((24, growth), 3));
            x = graph.concat(x, grown);
        }
        let n = graph.n_channels(x);
        let before = noise.affine(n);
        let pooled = graph.average_pool(x, Some(before));
        let half = graph.conv(pooled, noise.conv((n, n / 2), 1));
        let plain = graph.average_pool(half, None);
        let by = noise.affine(n / 2);
        graph.norm_relu(plain, by);
        check(&format!("dense {width} {growth}"), &graph, (2, 67, 90));
    }
}

#[test]
fn u_shapes_with_joins_and_instance_norm_equal_candles() {
    let noise = &mut Noise(11);
    for width in [4, 12, 16] {
        let (mut graph, input) = Graph::new(1);
        let first = graph.conv(input, noise.conv((1, width), 3).then(Activation::Relu));
        let down = graph.max_pool(first, 2, 2, 0);
        let deep = graph.conv(down, noise.conv((width, 2 * width), 3));
        let normed = graph.instance_norm_relu(deep, noise.values(2 * width, 1.0), noise.values(2 * width, 1.0));
        let up = graph.up(normed, noise.up(2 * width, width));
        let joined = graph.concat(first, up);
        // The same map in a second join must be copied.
        let again = graph.concat(first, joined);
        graph.conv(again, noise.conv((3 * width, 5), 3));
        check(&format!("u {width}"), &graph, (1, 22, 34));
    }
}

#[test]
fn values_that_are_no_numbers_stay_visible() {
    let noise = &mut Noise(12);
    let (mut graph, input) = Graph::new(1);
    let stem = graph.conv(input, noise.conv((1, 16), 3).then(Activation::Relu));
    let pooled = graph.max_pool(stem, 3, 2, 1);
    let wide = graph.conv(pooled, noise.conv((16, 16), 3).then(Activation::Relu));
    let swish = graph.conv(wide, noise.conv((16, 16), 1).then(Activation::Silu));
    let by = noise.affine(16);
    graph.norm_relu(swish, by);
    let mut picture = noise.values(32 * 32, 1.0);
    picture[500] = f32::NAN;
    for isa in Isa::available() {
        let result = Program::new(&graph, 32, 32, isa).unwrap().run(&picture, &|| false).unwrap();
        assert!(result.iter().any(|value| value.is_nan()), "{isa:?}");
    }
}

#[test]
fn a_run_ends_between_layers_once_it_is_no_longer_wanted() {
    let noise = &mut Noise(13);
    let (mut graph, input) = Graph::new(1);
    let mut x = input;
    for _ in 0..6 {
        let n = graph.n_channels(x);
        x = graph.conv(x, noise.conv((n, 8), 3));
    }
    let picture = noise.values(20 * 20, 1.0);
    let asked = std::cell::Cell::new(0);
    let cancel = || {
        asked.set(asked.get() + 1);
        asked.get() == 4
    };
    let program = Program::new(&graph, 20, 20, Isa::detect()).unwrap();
    assert_eq!(program.run(&picture, &cancel).unwrap_err().code(), "analysis_cancelled");
    assert_eq!(asked.get(), 4);
    let x = Tensor::from_slice(&picture, (1, 1, 20, 20), &Device::Cpu).unwrap();
    asked.set(0);
    let by_candle = CandleGraph::new(&graph, &Device::Cpu).unwrap().run(&x, &cancel);
    assert_eq!(by_candle.unwrap_err().code(), "analysis_cancelled");
}

#[test]
fn steps_the_engine_does_not_know_are_left_to_candle() {
    let noise = &mut Noise(14);
    let (mut graph, input) = Graph::new(8);
    graph.conv(input, Conv { n_in: 8, groups: 2, ..noise.conv((4, 6), 3) });
    assert!(Program::new(&graph, 20, 20, Isa::detect()).is_none());
    let (mut graph, input) = Graph::new(1);
    graph.conv(input, Conv { padding: 0, ..noise.conv((1, 6), 7) });
    assert!(Program::new(&graph, 5, 20, Isa::detect()).is_none());
}
