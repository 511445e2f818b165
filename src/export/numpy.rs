//! Arrays as NumPy's `.npy`, version 1.0: magic, a header padded to 64 bytes, then the values, little endian, C order.

use std::path::Path;

use crate::export::error::ExportError;
use crate::export::staging::Staging;

macro_rules! writer {
    ($name:ident, $type:ty, $descr:literal) => {
        #[doc = concat!("Writes `values`, row-major, as an array of dtype `", $descr, "`.")]
        pub fn $name(path: &Path, shape: &[usize], values: &[$type]) -> Result<(), ExportError> {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            write_npy(path, shape, $descr, values.len(), bytes)
        }
    };
}

writer!(write_npy_u8, u8, "|u1");
writer!(write_npy_i8, i8, "|i1");
writer!(write_npy_u16, u16, "<u2");
writer!(write_npy_i16, i16, "<i2");
writer!(write_npy_u32, u32, "<u4");
writer!(write_npy_i32, i32, "<i4");
writer!(write_npy_f32, f32, "<f4");
writer!(write_npy_f64, f64, "<f8");

/// The header of version 1.0 for an array; its length is a multiple of 64.
fn header(descr: &str, shape: &[usize]) -> Result<Vec<u8>, ExportError> {
    /// Magic, version and the length of what follows.
    const PREFIX_LEN: usize = 10;
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    let sizes = if shape.len() > 1 { sizes.trim_end_matches(", ") } else { sizes.trim_end() };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}");
    let unpadded = PREFIX_LEN + text.len() + 1;
    text.push_str(&" ".repeat(unpadded.next_multiple_of(64) - unpadded));
    text.push('\n');
    let Ok(text_len) = u16::try_from(text.len()) else {
        return Err(ExportError::Shape { shape: shape.to_vec(), n_values: 0 });
    };
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend(text_len.to_le_bytes());
    header.extend(text.bytes());
    Ok(header)
}

fn write_npy(path: &Path, shape: &[usize], descr: &str, n_values: usize, bytes: Vec<u8>) -> Result<(), ExportError> {
    let n_expected = shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    if n_expected != Some(n_values) {
        return Err(ExportError::Shape { shape: shape.to_vec(), n_values });
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Err(ExportError::NotWritable(path.to_owned()));
    };
    let mut contents = header(descr, shape)?;
    contents.extend(bytes);
    let mut staging = Staging::new(folder)?;
    staging.add(name, &contents)?;
    staging.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    #[test]
    fn the_header_is_padded_to_64_bytes_and_names_type_and_shape() {
        let check = |shape: &[usize], expected: &str| {
            let header = header("<f4", shape).unwrap();
            assert_eq!(header.len() % 64, 0);
            assert_eq!(&header[..8], b"\x93NUMPY\x01\x00");
            assert_eq!(usize::from(header[8]) + 256 * usize::from(header[9]), header.len() - 10);
            let text = String::from_utf8(header[10..].to_vec()).unwrap();
            assert!(text.starts_with(&format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {expected}, }}")));
            assert!(text.ends_with('\n'));
        };
        check(&[], "()");
        check(&[3], "(3,)");
        check(&[2, 3], "(2, 3)");
        check(&[1; 20], &format!("({}1)", "1, ".repeat(19)));
    }

    #[test]
    fn a_shape_that_does_not_fit_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_npy_u8(&folder.path().join("a.npy"), &[2, 2], &[1, 2, 3]).unwrap_err();
        assert_eq!(error.to_string(), "3 values do not fill an array of shape [2, 2]");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn numpy_reads_back_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        write_npy_u8(&path("u1.npy"), &[2, 2], &[0, 1, 2, 255]).unwrap();
        write_npy_i8(&path("i1.npy"), &[2], &[-128, 127]).unwrap();
        write_npy_u16(&path("u2.npy"), &[2], &[0, 65535]).unwrap();
        write_npy_i16(&path("i2.npy"), &[2, 1], &[-32768, 32767]).unwrap();
        write_npy_u32(&path("u4.npy"), &[1], &[u32::MAX]).unwrap();
        write_npy_i32(&path("i4.npy"), &[], &[i32::MIN]).unwrap();
        write_npy_f32(&path("f4.npy"), &[1, 2, 1], &[0.5, -1.5]).unwrap();
        write_npy_f64(&path("f8.npy"), &[0], &[]).unwrap();
        let bytes = fs::read(path("i2.npy")).unwrap();
        assert_eq!(bytes[bytes.len() - 4..], [0x00, 0x80, 0xFF, 0x7F]);

        let script = "import numpy as n
for k in 'u1 i1 u2 i2 u4 i4 f4 f8'.split():
    a = n.load(k + '.npy'); print(a.dtype.str, a.shape, a.tolist())";
        let python = std::env::var("OVERREAD_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let output = match Command::new(&python).args(["-c", script]).current_dir(folder.path()).output() {
            Ok(output) if output.status.success() => output,
            _ => {
                println!("skipped: no {python} with NumPy here; only the bytes were checked");
                return;
            }
        };
        let expected = "|u1 (2, 2) [[0, 1], [2, 255]]
|i1 (2,) [-128, 127]
<u2 (2,) [0, 65535]
<i2 (2, 1) [[-32768], [32767]]
<u4 (1,) [4294967295]
<i4 () -2147483648
<f4 (1, 2, 1) [[[0.5], [-1.5]]]
<f8 (0,) []
";
        assert_eq!(String::from_utf8(output.stdout).unwrap().replace('\r', ""), expected);
    }
}
