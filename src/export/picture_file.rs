//! A picture of the screen as a PNG file of a name that is still free. What the file says of its origin is that it is no
//! diagnosis; it names neither patient nor study.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use crate::domain::RESEARCH_USE_ONLY;
use crate::domain::picture::CapturedPicture;
use crate::export::ExportError;
use crate::export::secondary_capture::sha256_hex;

/// More pictures of one name than this are a fault.
const MOST: u32 = 10_000;

/// Writes the picture and returns the path it got (`path`, or with a number when that is taken) and the file's SHA-256.
pub fn write_new(path: &Path, picture: &CapturedPicture) -> Result<(PathBuf, String), ExportError> {
    let path = if path.extension().is_some() { path.to_owned() } else { path.with_extension("png") };
    let io = |source: std::io::Error| ExportError::writing(&source, &path);
    let bytes = encoded(picture).map_err(io)?;
    for number in 1..MOST {
        let free = numbered(&path, number);
        match OpenOptions::new().write(true).create_new(true).open(&free) {
            Ok(file) => {
                let mut file = BufWriter::new(file);
                file.write_all(&bytes).and_then(|()| file.flush()).map_err(io)?;
                file.get_ref().sync_all().map_err(io)?;
                return Ok((free, sha256_hex(&bytes)));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(io(error)),
        }
    }
    Err(io(std::io::ErrorKind::AlreadyExists.into()))
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let extension = path.extension().map_or_else(String::new, |it| format!(".{}", it.to_string_lossy()));
    path.with_file_name(format!("{stem}-{number}{extension}"))
}

fn encoded(picture: &CapturedPicture) -> std::io::Result<Vec<u8>> {
    let CapturedPicture { width, height, rgb } = picture;
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, *width, *height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let of_png = |error: png::EncodingError| std::io::Error::other(error);
    encoder.add_text_chunk("Disclaimer".to_owned(), RESEARCH_USE_ONLY.to_owned()).map_err(of_png)?;
    let mut writer = encoder.write_header().map_err(of_png)?;
    writer.write_image_data(rgb).map_err(of_png)?;
    writer.finish().map_err(of_png)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, rgb: &[u8]) -> CapturedPicture {
        CapturedPicture { width, height: 1, rgb: rgb.into() }
    }

    #[test]
    fn no_picture_replaces_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        let (first, _) = write_new(&path, &picture(2, &[1, 2, 3, 4, 5, 6])).unwrap();
        let (second, _) = write_new(&path, &picture(1, &[9, 9, 9])).unwrap();
        assert_eq!((first.as_path(), second), (path.as_path(), folder.path().join("picture-2.png")));
        let read = image::open(&first).unwrap().to_rgb8();
        assert_eq!((read.width(), read.get_pixel(1, 0).0), (2, [4, 5, 6]));
    }
}
