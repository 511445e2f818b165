//! Options of `overread bench`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
pub struct BenchArguments {
    #[command(subcommand)]
    pub what: BenchSubject,
}

impl BenchArguments {
    pub fn is_json(&self) -> bool {
        match &self.what {
            BenchSubject::Frame(frame) => frame.json,
            BenchSubject::Viewer(viewer) => viewer.json,
            BenchSubject::Scan(scan) => scan.json,
            BenchSubject::Import(import) => import.json,
            BenchSubject::Inference(inference) => inference.json,
            BenchSubject::Networks(networks) => networks.json,
            BenchSubject::Explain(explain) => explain.json,
            BenchSubject::Store(store) => store.json,
            BenchSubject::Syntaxes(syntaxes) => syntaxes.json,
            BenchSubject::Stats(stats) => stats.json,
            BenchSubject::Volume(volume) => volume.json,
            BenchSubject::Worklist(worklist) => worklist.json,
            BenchSubject::Masks(masks) => masks.json,
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum BenchSubject {
    /// One window step, first draw and scroll step, on the GPU, on the CPU and the usual way
    Frame(BenchFrameArguments),
    /// Four viewports of the whole program while the window is dragged, and scrolling, beside Cornerstone3D
    Viewer(BenchViewerArguments),
    /// Scanning a folder, beside dicom-object and pydicom reading the same headers
    Scan(BenchScanArguments),
    /// Headers, volumes, frames and memory on series of its own, beside pydicom, gdcm, SimpleITK and DCMTK
    Import(BenchImportArguments),
    /// Each model on a radiograph of the phantom, beside PyTorch on the same weights
    Inference(BenchInferenceArguments),
    /// DenseNet-121, ResNet-50, EfficientNet-B0 and U-Nets, beside ONNX Runtime and PyTorch on the same weights
    Networks(BenchNetworksArguments),
    /// A heat map beside the network's run alone, by method
    Explain(BenchExplainArguments),
    /// Keeping one decision, fsync included, beside a bare write and fsync
    Store(BenchStoreArguments),
    /// One radiograph of 4096 × 3328 in every transfer syntax, beside DCMTK, gdcm and pylibjpeg
    Syntaxes(BenchSyntaxesArguments),
    /// DeLong, the bootstrap and surface distances, beside scikit-learn and DeepMind's surface-distance
    Stats(BenchStatsArguments),
    /// Planes through a volume: upright, turned and thick, beside SimpleITK
    Volume(BenchVolumeArguments),
    /// The worklist with many studies: opened, filtered, ordered
    Worklist(BenchWorklistArguments),
    /// Correcting masks: strokes, undo, islands, margins, smoothing, beside scipy.ndimage and SimpleITK
    Masks(BenchVolumeArguments),
}

#[derive(Debug, Args)]
pub struct BenchWorklistArguments {
    /// Studies on the list
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(30..=200_000))]
    pub studies: u32,
    /// Measured rounds; one more goes before and does not count
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub repeats: u32,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchStatsArguments {
    /// Measured rounds; one more goes before and does not count
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub repeats: u32,
    /// A Python with scikit-learn, scipy and surface-distance, to measure beside
    #[arg(long, value_name = "PYTHON")]
    pub peer_python: Option<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchVolumeArguments {
    /// Slices of 512 × 512
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(2..=2000))]
    pub slices: u32,
    /// Measured rounds; one more goes before and does not count
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub repeats: u32,
    /// A Python with SimpleITK, to measure beside
    #[arg(long, value_name = "PYTHON")]
    pub peer_python: Option<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchSyntaxesArguments {
    /// Where the files are made, and removed afterwards
    pub dir: PathBuf,
    /// Measured rounds; one more goes before and does not count
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub repeats: u32,
    /// A Python with pydicom, pylibjpeg, gdcm and imagecodecs, to measure beside and to write JPEG 2000
    #[arg(long, value_name = "PYTHON")]
    pub peer_python: Option<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchFrameArguments {
    /// Measured rounds; one more goes before and does not count
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub repeats: u32,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchViewerArguments {
    /// Measured rounds; one more goes before and does not count
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub repeats: u32,
    /// The peer's folder (src/app/cli/bench/cornerstone), built with: npm ci && npm run build
    #[arg(long, value_name = "DIR")]
    pub peer_cornerstone: Option<PathBuf>,
    /// Also open a real window and watch what it costs while nothing happens; needs a display
    #[arg(long)]
    pub idle: bool,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchScanArguments {
    pub dir: PathBuf,
    /// Measured rounds; one more goes before and does not count
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub repeats: u32,
    /// A Python with pydicom, to measure beside
    #[arg(long, value_name = "PYTHON")]
    pub peer_python: Option<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportPart {
    /// A folder of 1,000 CT slices into studies
    Headers,
    /// 500 slices into a volume
    Volume,
    /// A frame anywhere in a compressed file of 500
    Frames,
    /// What a loaded series of 500 slices takes
    Memory,
    /// From choosing a folder of 1,000 slices to the first picture
    FirstImage,
    /// The same in a window, to the picture on screen; needs one, so only when named
    Window,
    /// A folder of 100,000 files: first picture, whole, memory; writes 800 MB, so only when named
    Crowd,
    /// Memory with 10,000 slices opened and scrolled through; writes 5 GB, so only when named
    Long,
}

#[derive(Debug, Args)]
pub struct BenchImportArguments {
    /// What to measure; may be repeated; everything but `window`, `crowd` and `long` when absent
    #[arg(long = "part", value_enum)]
    pub parts: Vec<ImportPart>,
    /// Measured rounds; one more goes before and does not count
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub repeats: u32,
    /// Where the series are written for as long as it takes (some 700 MB); the system's temporary folder when absent
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Write a tenth of the slices: to see that it runs
    #[arg(long)]
    pub small: bool,
    /// A Python with pydicom, python-gdcm and SimpleITK, to measure beside
    #[arg(long, value_name = "PYTHON")]
    pub peer_python: Option<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchInferenceArguments {
    /// Measured rounds; one more goes before and does not count
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub repeats: u32,
    /// A Python with torch, torchvision and safetensors, to measure beside
    #[arg(long, value_name = "PYTHON")]
    pub peer_python: Option<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

/// Networks of the usual sizes, and the input each is run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NetworkChoice {
    /// DenseNet-121, one channel of 224 × 224
    Densenet121,
    /// ResNet-50, three channels of 224 × 224
    Resnet50,
    /// EfficientNet-B0, three channels of 224 × 224
    EfficientnetB0,
    /// U-Net of five levels from 16 channels, 256 × 256
    #[value(name = "unet-16")]
    Unet16,
    /// U-Net of five levels from 32 channels, 512 × 512
    #[value(name = "unet-32")]
    Unet32,
}

#[derive(Debug, Args)]
pub struct BenchNetworksArguments {
    /// Which; may be repeated; all when absent
    #[arg(long = "network", value_enum)]
    pub networks: Vec<NetworkChoice>,
    /// On so many threads; may be repeated
    #[arg(long, default_values_t = [1, 2], value_parser = clap::value_parser!(u32).range(1..=256))]
    pub threads: Vec<u32>,
    /// Measured rounds; one more goes before and does not count
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub repeats: u32,
    /// A Python with torch, torchvision, onnx, onnxruntime and safetensors, to measure beside
    #[arg(long, value_name = "PYTHON")]
    pub peer_python: Option<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchExplainArguments {
    /// Measured rounds; one more goes before and does not count
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub repeats: u32,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct BenchStoreArguments {
    /// Measured decisions; one more goes before and does not count
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub repeats: u32,
    /// On which disk; beside the review store when absent
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}
