//! What a DICOM object is, in words, by its SOP class (PS3.4 B.5).

pub const DICOMDIR_CLASS: &str = "1.2.840.10008.1.3.10";

/// Words for a class that is no picture; `None` for pictures and classes we do not know.
pub fn non_image_kind(sop_class: &str) -> Option<&'static str> {
    if sop_class == DICOMDIR_CLASS {
        return Some("an index of files (DICOMDIR)");
    }
    let tail = sop_class.strip_prefix("1.2.840.10008.5.1.4.1.1.")?;
    let (family, member) = tail.split_once('.').unwrap_or((tail, ""));
    match (family, member) {
        ("88", "59") => Some("a key object selection"),
        ("88", "67") => Some("a radiation dose report"),
        ("88", _) => Some("a structured report"),
        ("11", _) => Some("a presentation state"),
        ("481", "3") => Some("an RT structure set"),
        ("481", "5" | "8") => Some("an RT plan"),
        ("481", "4" | "6" | "7" | "9") => Some("an RT treatment record"),
        ("104", "1") => Some("an encapsulated PDF"),
        ("104", _) => Some("an encapsulated document"),
        ("9", _) => Some("a waveform"),
        ("66", "") => Some("raw data"),
        ("66", "1" | "3") => Some("a spatial registration"),
        ("66", "2") => Some("a set of spatial fiducials"),
        ("66", "5") => Some("a surface segmentation"),
        ("66", "6") => Some("a tractography result"),
        ("67", _) => Some("a real-world value mapping"),
        ("4", "2") => Some("a spectrum"),
        ("78" | "79", _) => Some("an ophthalmic measurement"),
        _ => None,
    }
}

/// Classes that are pictures by definition: without pixels their file is incomplete.
pub fn is_picture(sop_class: &str) -> bool {
    let Some(tail) = sop_class.strip_prefix("1.2.840.10008.5.1.4.1.1.") else { return false };
    let (family, member) = tail.split_once('.').unwrap_or((tail, ""));
    match (family, member) {
        ("4", "2") => false,
        ("1" | "2" | "3" | "4" | "6" | "7" | "12" | "13" | "20" | "128" | "130", _) => true,
        ("77", member) => member.starts_with("1."),
        ("481", "1" | "2") => true,
        _ => false,
    }
}
