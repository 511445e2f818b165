//! The command line, as typed.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::app::cli::analyze_arguments::AnalyzeArguments;
use crate::app::cli::audit::arguments::AuditArguments;
use crate::app::cli::deidentify::DeidentifyArguments;
use crate::app::cli::models_arguments::ModelsJob;
use crate::app::cli::review_arguments::{AmendArguments, DetailsArguments, SignArguments, WorklistArguments};
use crate::app::cli::stats::arguments::StatsArguments;
use crate::app::cli::store::arguments::StoreArguments;
use crate::app::cli::validate::ValidateArguments;
use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::device::{DeviceChoice, UnknownDevice};
use crate::export::formats::FORMATS;

/// Opens DICOM folders, files or a DICOMDIR for review; the jobs below do the same without a window.
#[derive(Debug, Parser)]
#[command(name = "overread", version, about, after_help = RESEARCH_USE_ONLY, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Folders, files or a DICOMDIR to open in the window
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub common: Common,
}

/// What every job understands.
#[derive(Clone, Debug, Default, Args)]
pub struct Common {
    /// The review store (an SQLite file); a default place per user when absent
    #[arg(long, global = true, value_name = "PATH")]
    pub store: Option<PathBuf>,
    /// A file whose first line is the store's passphrase or recovery key, where the keyring lacks it; `-` is stdin
    #[arg(long, global = true, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// A further folder with model folders in it
    #[arg(long = "models-dir", global = true, value_name = "DIR")]
    pub models_dir: Option<PathBuf>,
    /// Where models run: auto, cpu, cuda, cuda:N or metal; in the window it goes before the settings
    #[arg(long, global = true, value_name = "DEVICE", value_parser = device)]
    pub device: Option<DeviceChoice>,
}

fn device(text: &str) -> Result<DeviceChoice, UnknownDevice> {
    DeviceChoice::try_from(text)
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Generate a thorax phantom (CT and radiograph), open it and run the shipped models
    Demo(DemoArguments),
    /// List patients, studies, series and how each file fared
    Inspect(InspectArguments),
    /// Write one frame's values as a NumPy file
    Decode(DecodeArguments),
    /// Draw one frame to a PNG
    Render(RenderArguments),
    /// Run models and write their findings, masks and saliency maps
    Analyze(AnalyzeArguments),
    /// Record a decision on a finding
    Decide(DecideArguments),
    /// List a study's findings and decisions
    Findings(FindingsArguments),
    /// Sign a study: after that nothing is decided without an amendment
    Sign(SignArguments),
    /// Open a signed study again, saying why
    Amend(AmendArguments),
    /// List the studies of the record, the urgent first
    Worklist(WorklistArguments),
    /// Write a study's report
    Export(ExportArguments),
    /// Copy files without whatever tells who somebody is (PS3.15 Basic Profile)
    Deidentify(DeidentifyArguments),
    /// List models with their cards, hashes checked; bring models in and prove them
    Models(ModelsArguments),
    /// Statistics of plain tables and masks: ROC, readers, free response, agreement, calibration, overlap
    Stats(StatsArguments),
    /// The figures of a reader study from its locked protocol and the record of its sessions
    Validate(ValidateArguments),
    /// Check the review record, list it, export it for an audit trail
    Audit(AuditArguments),
    /// Where the review record is kept: its key, its backup, other records into it
    Store(StoreArguments),
    /// Measure this program on this machine, beside the usual way to do the same
    Bench(BenchArguments),
}

#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Where the phantom is written; a folder of the user's cache when absent
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Only write the phantom's files, open no window
    #[arg(long)]
    pub write_only: bool,
    /// Another made-up patient: other vessels, and nodules at random places
    #[arg(long, value_name = "N", requires = "write_only")]
    pub seed: Option<u64>,
    /// How many nodules that patient has
    #[arg(long, value_name = "N", requires = "seed", default_value_t = 4,
        value_parser = clap::value_parser!(u8).range(0..=12))]
    pub nodules: u8,
}

#[derive(Debug, Args)]
pub struct InspectArguments {
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ValueFormat {
    /// As stored, masked to BitsStored and sign-extended
    Stored,
    /// After the modality LUT, float32
    Modality,
}

#[derive(Debug, Args)]
pub struct DecodeArguments {
    pub file: PathBuf,
    /// Zero-based
    #[arg(long, default_value_t = 0)]
    pub frame: u32,
    #[arg(long, value_enum, default_value = "stored")]
    pub format: ValueFormat,
    #[arg(long, value_name = "F.npy")]
    pub out: PathBuf,
    /// Decode the frame a second time with dicom-pixeldata and say whether every stored value is the same
    #[arg(long)]
    pub cross_check: bool,
    /// Describe what was written as JSON on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RendererChoice {
    Gpu,
    Cpu,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OverlayChoice {
    None,
    Masks,
    Saliency,
    All,
}

#[derive(Debug, Args)]
pub struct RenderArguments {
    pub file: PathBuf,
    /// Zero-based
    #[arg(long, default_value_t = 0)]
    pub frame: u32,
    /// Window center and width in modality units, such as 40,400
    #[arg(long, value_name = "C,W", conflicts_with = "preset", allow_hyphen_values = true)]
    pub window: Option<String>,
    /// A window preset by id, such as lung
    #[arg(long)]
    pub preset: Option<String>,
    /// Size of the picture, such as 1024x768; the image's own when absent
    #[arg(long, value_name = "WxH")]
    pub size: Option<String>,
    #[arg(long, value_enum, default_value = "cpu")]
    pub renderer: RendererChoice,
    /// Lay the models' output over the picture (runs the models)
    #[arg(long, value_enum, default_value = "none")]
    pub overlay: OverlayChoice,
    /// With --overlay saliency: which label's map; the highest-scoring one when absent
    #[arg(long)]
    pub label: Option<String>,
    #[arg(short, long, value_name = "F.png")]
    pub output: PathBuf,
    /// Describe what was drawn as JSON on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerdictChoice {
    Accept,
    Reject,
    Uncertain,
    NotAssessable,
}

#[derive(Debug, Args)]
pub struct DecideArguments {
    /// Study Instance UID
    #[arg(long, value_name = "UID")]
    pub study: String,
    /// The finding's id, as `findings` lists it
    #[arg(long, value_name = "ID")]
    pub finding: String,
    #[arg(value_enum)]
    pub verdict: VerdictChoice,
    /// Why it is rejected, such as normal_variant; may be repeated
    #[arg(long = "reason", value_name = "CODE")]
    pub reasons: Vec<String>,
    #[arg(long, default_value = "")]
    pub comment: String,
    #[command(flatten)]
    pub details: DetailsArguments,
    #[arg(long, value_name = "NAME")]
    pub reader: String,
    /// The decision as JSON on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct FindingsArguments {
    /// Study Instance UID
    #[arg(long, value_name = "UID")]
    pub study: String,
    /// As this reader may see it: without the AI while they read blind; everything when absent
    #[arg(long, value_name = "NAME")]
    pub reader: Option<String>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ExportArguments {
    /// Study Instance UID
    #[arg(long, value_name = "UID")]
    pub study: String,
    #[arg(long = "to", value_name = "DIR")]
    pub to: PathBuf,
    /// What to write, several separated by commas
    #[arg(long, value_name = "FORMAT", value_delimiter = ',', value_parser = formats(), default_values_t = usual_formats())]
    pub format: Vec<String>,
    /// Who hands it on; whoever decided last when absent
    #[arg(long, value_name = "NAME")]
    pub reader: Option<String>,
    /// Another table of codes than the program's own (assets/codes.toml)
    #[arg(long, value_name = "FILE")]
    pub codes: Option<PathBuf>,
    /// Where the study's files are, when the place they were opened from no longer holds them
    #[arg(long, value_name = "PATH")]
    pub from: Vec<PathBuf>,
    /// What was written as JSON on stdout
    #[arg(long)]
    pub json: bool,
}

fn formats() -> PossibleValuesParser {
    PossibleValuesParser::new(FORMATS.iter().map(|format| PossibleValue::new(format.id).help(format.name)))
}

fn usual_formats() -> Vec<String> {
    FORMATS.iter().filter(|format| format.is_default).map(|format| format.id.to_owned()).collect()
}

#[derive(Debug, Args)]
pub struct ModelsArguments {
    #[command(subcommand)]
    pub job: Option<ModelsJob>,
    /// One JSON document on stdout
    #[arg(long, global = true)]
    pub json: bool,
}

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
    /// A Python with SimpleITK, and for masks scipy, to measure beside
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
    /// A folder of 100,000 files: first picture, whole, memory; writes 800 MB, so only when named
    Crowd,
    /// Memory with 10,000 slices opened and scrolled through; writes 5 GB, so only when named
    Long,
}

#[derive(Debug, Args)]
pub struct BenchImportArguments {
    /// What to measure; may be repeated; everything but `crowd` and `long` when absent
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
