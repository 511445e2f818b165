//! Two masks on one grid.

use serde_json::{Value, json};

use crate::app::cli::stats::StatsError;
use crate::app::cli::stats::arguments::OverlapArguments;
use crate::app::cli::stats::mask_file::MaskFile;
use crate::validation::overlap::{MaskGrid, overlap};
use crate::validation::surface::SurfaceDistances;

/// Spacings that agree but for the rounding of a file.
const SAME_SPACING: f64 = 1e-4;

pub fn document(arguments: &OverlapArguments) -> Result<Value, StatsError> {
    if !(arguments.tolerance.is_finite() && arguments.tolerance >= 0.0) {
        return Err(StatsError::Design("--tolerance must be 0 mm or more".to_owned()));
    }
    let (first, second) = (MaskFile::read(&arguments.first)?, MaskFile::read(&arguments.second)?);
    if first.dims != second.dims {
        return Err(StatsError::Design(format!("the masks differ in size: {:?} and {:?}", first.dims, second.dims)));
    }
    let spacing = spacing(arguments, &first, &second)?;
    let grid = match (first.dims.as_slice(), spacing.as_slice()) {
        ([rows, cols], [row_mm, col_mm]) => MaskGrid::flat([*rows, *cols], [*row_mm, *col_mm]),
        ([slices, rows, cols], [slice_mm, row_mm, col_mm]) => {
            MaskGrid::volume([*slices, *rows, *cols], [*slice_mm, *row_mm, *col_mm])
        }
        _ => return Err(StatsError::Design("a mask has two or three axes, and --spacing as many numbers".to_owned())),
    };
    let distances = SurfaceDistances::between(&grid, &first.inside, &second.inside)?;
    Ok(json!({
        "statistics": "overlap",
        "grid": grid,
        "overlap": overlap(&grid, &first.inside, &second.inside)?,
        "surfaces": distances.figures(arguments.tolerance),
    }))
}

/// What was typed, or what the files say, which must agree.
fn spacing(arguments: &OverlapArguments, first: &MaskFile, second: &MaskFile) -> Result<Vec<f64>, StatsError> {
    if !arguments.spacing.is_empty() {
        return Ok(arguments.spacing.clone());
    }
    match (&first.spacing_mm, &second.spacing_mm) {
        (Some(a), Some(b)) => {
            let is_same = a.iter().zip(b).all(|(a, b)| (a - b).abs() <= SAME_SPACING * a.abs());
            if is_same {
                Ok(a.clone())
            } else {
                Err(StatsError::Design(format!("the masks differ in spacing: {a:?} and {b:?} mm")))
            }
        }
        (Some(one), None) | (None, Some(one)) => Ok(one.clone()),
        (None, None) => Ok(vec![1.0; first.dims.len()]),
    }
}
