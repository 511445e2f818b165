//! Cards for checkpoints that many have and that come without one. They say what is known of the network and claim
//! nothing else.

use crate::inference::checkpoint::FoundTensor;
use crate::inference::conversion::modern_path;

const CHEXNET: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/model_cards/chexnet.toml"));
const TORCHXRAYVISION: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/model_cards/torchxrayvision.toml"));

/// The card for these tensors, by channels in and classes out of a DenseNet-121; `None` for what is not known.
pub fn card_for(found: &[FoundTensor]) -> Option<&'static str> {
    let shape = |wanted: &str| {
        found.iter().find(|tensor| modern_path(&tensor.path) == wanted).map(|tensor| tensor.shape.as_slice())
    };
    let stem = shape("features.conv0.weight")?;
    let head = shape("classifier.weight")?;
    match (stem, head) {
        ([64, 3, 7, 7], [14, 1024]) => Some(CHEXNET),
        ([64, 1, 7, 7], [18, 1024]) => Some(TORCHXRAYVISION),
        _ => None,
    }
}

/// Every card by its id, for tests and for those who write their own.
pub const ALL: [(&str, &str); 2] = [("chexnet", CHEXNET), ("torchxrayvision", TORCHXRAYVISION)];
