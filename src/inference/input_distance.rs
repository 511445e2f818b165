//! How far a picture lies from what a model was trained on: Mahalanobis distance of pooled features (Lee et al. 2018,
//! <https://arxiv.org/abs/1807.03888>), with statistics fitted at training time and kept beside the weights.

use crate::domain::model::{DistanceVerdict, InputDistance, ScannerPercentile};
use crate::inference::error::ModelError;
use crate::inference::model_card::doubt::DistanceSpec;
use crate::inference::weights::{check_sha256, read_any_tensors};

/// With fewer earlier images of a scanner its percentile says nothing.
pub const MIN_OF_SCANNER: usize = 20;
/// Wider feature maps have statistics of more than 64 MiB.
const MAX_CHANNELS: usize = 4096;

/// Read and checked statistics.
#[derive(Clone, Debug, PartialEq)]
pub struct DistanceModel {
    spec: DistanceSpec,
    mean: Vec<f64>,
    form: Form,
    /// Percentile and distance, both ascending.
    quantiles: Vec<(f64, f64)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Form {
    /// C × C: the inverse of the covariance.
    Precision(Vec<f32>),
    /// k × C.
    Factor(Vec<f32>),
}

impl DistanceModel {
    /// From the bytes of the card's file, for features of `n_channels`.
    pub fn read(spec: &DistanceSpec, bytes: &[u8], n_channels: usize) -> Result<Self, ModelError> {
        check_sha256(&spec.file, bytes, &spec.sha256)?;
        let tensors = read_any_tensors(bytes)?;
        let n_channels = Some(n_channels).filter(|n| (1..=MAX_CHANNELS).contains(n)).ok_or_else(|| {
            ModelError::card_value("distance", format!("statistics of {n_channels} channels, which are too many"))
        })?;
        let values = |name: &str, n_dims: usize, n_last: Option<usize>| {
            let Some(tensor) = tensors.get(name) else { return Ok(None) };
            let dims = tensor.dims();
            if dims.len() != n_dims || n_last.is_some_and(|n| dims.last() != Some(&n)) || dims.contains(&0) {
                let expected = n_last.into_iter().collect();
                return Err(ModelError::TensorShape { tensor: name.to_owned(), expected, found: dims.to_vec() });
            }
            Ok(Some(tensor.flatten_all()?.to_vec1::<f32>()?))
        };
        let needed = |name: &str, n_last: Option<usize>| {
            values(name, 1, n_last)?.ok_or_else(|| ModelError::MissingTensor { tensor: name.to_owned() })
        };
        let mean = needed("mean", Some(n_channels))?.into_iter().map(f64::from).collect();
        let form = match (values("precision", 2, Some(n_channels))?, values("factor", 2, Some(n_channels))?) {
            (Some(precision), None) if precision.len() == n_channels * n_channels => Form::Precision(precision),
            (None, Some(factor)) => Form::Factor(factor),
            _ => return Err(ModelError::MissingTensor { tensor: "precision or factor, one of them".to_owned() }),
        };
        let (percentiles, quantiles) = (needed("percentiles", None)?, needed("quantiles", None)?);
        let is_rising = |values: &[f32]| values.windows(2).all(|pair| pair.first() <= pair.last());
        let is_whole = percentiles.first() == Some(&0.0) && percentiles.last() == Some(&100.0);
        if percentiles.len() != quantiles.len() || !is_rising(&percentiles) || !is_rising(&quantiles) || !is_whole {
            return Err(ModelError::card_value("distance", "quantiles that do not rise with their percentiles"));
        }
        let quantiles = percentiles.into_iter().map(f64::from).zip(quantiles.into_iter().map(f64::from)).collect();
        Ok(Self { spec: spec.clone(), mean, form, quantiles })
    }

    /// Not squared; `None` when the features are of another width or the result is no number.
    pub fn distance(&self, pooled: &[f32]) -> Option<f64> {
        if pooled.len() != self.mean.len() {
            return None;
        }
        let apart: Vec<f64> = pooled.iter().zip(&self.mean).map(|(x, mean)| f64::from(*x) - mean).collect();
        let dot = |row: &[f32]| row.iter().zip(&apart).map(|(a, b)| f64::from(*a) * b).sum::<f64>();
        let squared = match &self.form {
            Form::Precision(rows) => {
                rows.chunks_exact(apart.len()).zip(&apart).map(|(row, own)| own * dot(row)).sum::<f64>()
            }
            Form::Factor(rows) => rows.chunks_exact(apart.len()).map(|row| dot(row).powi(2)).sum::<f64>(),
        };
        // A precision that was rounded may give a little less than nothing; `max` would make 0 of what is no number.
        squared.is_finite().then(|| squared.max(0.0).sqrt())
    }

    /// Of the training distances, 0 to 100; straight lines between the quantiles.
    pub fn percentile(&self, distance: f64) -> f64 {
        let between = self.quantiles.windows(2).find_map(|pair| match pair {
            [(p0, d0), (p1, d1)] if distance < *d1 => {
                let share = if d1 > d0 { ((distance - d0) / (d1 - d0)).max(0.0) } else { 0.0 };
                Some(p0 + (p1 - p0) * share)
            }
            _ => None,
        });
        between.unwrap_or(100.0)
    }

    /// What the reader is told. `history` holds earlier distances of this scanner.
    pub fn judge(&self, distance: f64, scanner: &str, history: &[f64]) -> InputDistance {
        let percentile = self.percentile(distance);
        let verdict = if percentile >= self.spec.hold_percentile {
            DistanceVerdict::FarOut
        } else if percentile >= self.spec.warn_percentile {
            DistanceVerdict::Unusual
        } else {
            DistanceVerdict::Usual
        };
        let of_scanner = (history.len() >= MIN_OF_SCANNER && !scanner.is_empty()).then(|| {
            let n_below = history.iter().filter(|earlier| **earlier < distance).count();
            ScannerPercentile {
                scanner: scanner.to_owned(),
                percentile: 100.0 * n_below as f64 / history.len() as f64,
                n: u32::try_from(history.len()).unwrap_or(u32::MAX),
            }
        });
        InputDistance { distance, percentile, of_scanner, verdict }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::inference::weights::sha256_hex;

    fn file(form: (&str, Tensor)) -> Vec<u8> {
        let line = |values: &[f32]| Tensor::new(values, &Device::Cpu).unwrap();
        let tensors = std::collections::HashMap::from([
            ("mean".to_owned(), line(&[1.0, -2.0])),
            ("percentiles".to_owned(), line(&[0.0, 50.0, 95.0, 100.0])),
            ("quantiles".to_owned(), line(&[0.0, 1.0, 2.0, 4.0])),
            (form.0.to_owned(), form.1),
        ]);
        let scratch = tempfile::NamedTempFile::new().unwrap();
        candle_core::safetensors::save(&tensors, scratch.path()).unwrap();
        std::fs::read(scratch.path()).unwrap()
    }

    fn spec(bytes: &[u8]) -> DistanceSpec {
        DistanceSpec {
            file: "features.safetensors".into(),
            sha256: sha256_hex(bytes),
            layer: "x".into(),
            warn_percentile: 90.0,
            hold_percentile: 99.0,
            n: 10,
            set: String::new(),
        }
    }

    #[test]
    fn a_precision_and_its_factor_give_the_same_distance() {
        // precision = factorᵀ · factor
        let factor = Tensor::new(&[[2.0_f32, 0.0], [1.0, 3.0]], &Device::Cpu).unwrap();
        let precision = Tensor::new(&[[5.0_f32, 3.0], [3.0, 9.0]], &Device::Cpu).unwrap();
        let by = |form| {
            let bytes = file(form);
            DistanceModel::read(&spec(&bytes), &bytes, 2).unwrap()
        };
        let (a, b) = (by(("precision", precision)), by(("factor", factor)));
        // x − mean = (0.5, −0.25): |(1, −0.25)|² = 1.0625
        let expected = 1.0625_f64.sqrt();
        for model in [&a, &b] {
            assert!((model.distance(&[1.5, -2.25]).unwrap() - expected).abs() < 1e-9);
            assert_eq!(model.distance(&[1.0, -2.0]), Some(0.0));
            assert_eq!(model.distance(&[1.0]), None);
            assert_eq!(model.distance(&[f32::NAN, 0.0]), None);
        }
        assert_eq!(a.percentile(0.5), 25.0);
        assert_eq!(a.percentile(3.0), 97.5);
        assert_eq!(a.percentile(9.0), 100.0);
        let verdict = |distance| a.judge(distance, "", &[]).verdict;
        assert_eq!(verdict(1.0), DistanceVerdict::Usual);
        assert_eq!(verdict(2.0), DistanceVerdict::Unusual);
        assert_eq!(verdict(5.0), DistanceVerdict::FarOut);
        let history: Vec<f64> = (0..20).map(f64::from).collect();
        assert_eq!(a.judge(5.0, "ACME One", &history[..19]).of_scanner, None);
        assert_eq!(a.judge(5.0, "ACME One", &history).of_scanner.unwrap().percentile, 25.0);
    }

    #[test]
    fn statistics_that_do_not_fit_are_refused() {
        let bytes = file(("precision", Tensor::new(&[[5.0_f32, 3.0], [3.0, 9.0]], &Device::Cpu).unwrap()));
        assert_eq!(DistanceModel::read(&spec(&bytes), &bytes, 3).unwrap_err().code(), "tensor_shape");
        let mut wrong = spec(&bytes);
        wrong.sha256 = "0".repeat(64);
        assert_eq!(DistanceModel::read(&wrong, &bytes, 2).unwrap_err().code(), "hash_mismatch");
        let lone = file(("other", Tensor::new(&[[5.0_f32]], &Device::Cpu).unwrap()));
        assert_eq!(DistanceModel::read(&spec(&lone), &lone, 2).unwrap_err().code(), "tensor_missing");
    }
}
