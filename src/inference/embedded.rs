//! The default models, built into the program so that it works from one file.

/// File names and bytes of one model.
struct EmbeddedModel {
    id: &'static str,
    files: &'static [(&'static str, &'static [u8])],
}

macro_rules! model {
    ($id:literal $(, $extra:literal)*) => {
        EmbeddedModel {
            id: $id,
            files: &[
                ("model.toml", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/", $id, "/model.toml"))),
                (
                    "model.safetensors",
                    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/", $id, "/model.safetensors")),
                ),
                (
                    "golden.safetensors",
                    include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/", $id, "/golden.safetensors")),
                ),
                // Such as `features.safetensors`, the statistics of the training images
                $(($extra, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/", $id, "/", $extra))),)*
            ],
        }
    };
}

const MODELS: &[EmbeddedModel] = &[model!("chest-anatomy"), model!("chest-findings")];

/// Ids of the built-in models, sorted.
pub fn ids() -> impl Iterator<Item = &'static str> {
    MODELS.iter().map(|model| model.id)
}

/// One file of a built-in model.
pub fn file(id: &str, name: &str) -> Option<&'static [u8]> {
    let model = MODELS.iter().find(|model| model.id == id)?;
    model.files.iter().find(|(file, _)| *file == name).map(|(_, bytes)| *bytes)
}
