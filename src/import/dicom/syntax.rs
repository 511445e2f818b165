//! Transfer syntaxes: how attributes are laid out and how pixels are packed (PS3.5 annex A).

use crate::domain::stored_pixels::PixelCoding;
use crate::import::dicom::dataset::Coding;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syntax {
    pub uid: String,
    pub name: &'static str,
    pub coding: Coding,
    pub is_deflated: bool,
    pub pixels: PixelCoding,
    /// The name of the method when the syntax itself loses information.
    pub lossy_method: Option<&'static str>,
}

pub const IMPLICIT_LE_UID: &str = "1.2.840.10008.1.2";
pub const EXPLICIT_LE_UID: &str = "1.2.840.10008.1.2.1";
pub const EXPLICIT_BE_UID: &str = "1.2.840.10008.1.2.2";

type Row = (&'static str, &'static str, PixelCoding, Option<&'static str>);

/// Last parts after `1.2.840.10008.1.2`, all explicit little endian.
const ENCAPSULATED: [Row; 37] = {
    use PixelCoding::{DeflatedFrames, EncapsulatedNative, Jpeg, Jpeg2000, JpegLs, JpegXl, Rle, Unsupported};
    [
        (".1.98", "Encapsulated uncompressed", EncapsulatedNative, None),
        (".8.1", "Deflated image frames", DeflatedFrames, None),
        (".5", "RLE lossless", Rle, None),
        (".4.50", "JPEG baseline", Jpeg, Some("JPEG")),
        (".4.51", "JPEG extended", Jpeg, Some("JPEG")),
        (".4.52", "JPEG extended (process 3 and 5)", Jpeg, Some("JPEG")),
        (".4.53", "JPEG spectral selection", Jpeg, Some("JPEG")),
        (".4.54", "JPEG spectral selection (process 7 and 9)", Jpeg, Some("JPEG")),
        (".4.55", "JPEG full progression", Jpeg, Some("JPEG")),
        (".4.56", "JPEG full progression (process 11 and 13)", Jpeg, Some("JPEG")),
        (".4.57", "JPEG lossless", Jpeg, None),
        (".4.58", "JPEG lossless (process 15)", Jpeg, None),
        (".4.70", "JPEG lossless, first-order prediction", Jpeg, None),
        (".4.80", "JPEG-LS lossless", JpegLs, None),
        (".4.81", "JPEG-LS near-lossless", JpegLs, Some("JPEG-LS")),
        (".4.90", "JPEG 2000 lossless", Jpeg2000, None),
        (".4.91", "JPEG 2000", Jpeg2000, Some("JPEG 2000")),
        (".4.92", "JPEG 2000 part 2 lossless", Jpeg2000, None),
        (".4.93", "JPEG 2000 part 2", Jpeg2000, Some("JPEG 2000")),
        (".4.201", "High-throughput JPEG 2000 lossless", Jpeg2000, None),
        (".4.202", "High-throughput JPEG 2000 RPCL lossless", Jpeg2000, None),
        (".4.203", "High-throughput JPEG 2000", Jpeg2000, Some("HTJ2K")),
        (".4.110", "JPEG XL lossless", JpegXl, None),
        (".4.111", "JPEG XL JPEG recompression", JpegXl, Some("JPEG")),
        (".4.112", "JPEG XL", JpegXl, Some("JPEG XL")),
        (".4.94", "JPIP referenced", Unsupported, None),
        (".4.95", "JPIP referenced, deflated", Unsupported, None),
        (".4.100", "MPEG-2 video", Unsupported, Some("MPEG-2")),
        (".4.100.1", "MPEG-2 video", Unsupported, Some("MPEG-2")),
        (".4.101", "MPEG-2 video", Unsupported, Some("MPEG-2")),
        (".4.101.1", "MPEG-2 video", Unsupported, Some("MPEG-2")),
        (".4.102", "MPEG-4 video", Unsupported, Some("MPEG-4")),
        (".4.103", "MPEG-4 video", Unsupported, Some("MPEG-4")),
        (".4.104", "MPEG-4 video", Unsupported, Some("MPEG-4")),
        (".4.105", "MPEG-4 video", Unsupported, Some("MPEG-4")),
        (".4.107", "HEVC video", Unsupported, Some("HEVC")),
        (".4.108", "HEVC video", Unsupported, Some("HEVC")),
    ]
};

impl Syntax {
    /// `None` for a UID that names no transfer syntax we have heard of.
    pub fn from_uid(uid: &str) -> Option<Self> {
        let native = |name, coding, is_deflated| Self {
            uid: uid.to_owned(),
            name,
            coding,
            is_deflated,
            pixels: PixelCoding::Native,
            lossy_method: None,
        };
        match uid {
            IMPLICIT_LE_UID => return Some(native("Implicit VR little endian", Coding::IMPLICIT_LE, false)),
            EXPLICIT_LE_UID => return Some(native("Explicit VR little endian", Coding::EXPLICIT_LE, false)),
            EXPLICIT_BE_UID => return Some(native("Explicit VR big endian", Coding::EXPLICIT_BE, false)),
            "1.2.840.10008.1.2.1.99" => return Some(native("Deflated", Coding::EXPLICIT_LE, true)),
            _ => {}
        }
        let tail = uid.strip_prefix(IMPLICIT_LE_UID)?;
        let (_, name, pixels, lossy_method) = ENCAPSULATED.into_iter().find(|(suffix, ..)| *suffix == tail)?;
        let coding = Coding::EXPLICIT_LE;
        Some(Self { uid: uid.to_owned(), name, coding, is_deflated: false, pixels, lossy_method })
    }
}
