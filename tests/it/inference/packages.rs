//! Checkpoints of PyTorch become packages without anything in them being run; what is damaged is refused with its reason.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use overread::inference::checkpoint::{self, FoundTensor};
use overread::inference::conversion::{convert, unpacked};
use overread::inference::device::DeviceChoice;
use overread::inference::golden;
use overread::inference::model_card::{ModelCard, parse_card};
use overread::inference::registry::load_model;
use overread::inference::templates;
use overread::inference::weights::sha256_hex;
use overread::jobs::work::model_adding::{AddRequest, NotAdded, add};

use crate::inference::{cases, entry};

fn checkpoint_file(name: &str) -> PathBuf {
    cases().join("checkpoints").join(name)
}

fn card() -> ModelCard {
    parse_card(&fs::read_to_string(cases().join("tiny/densenet/model.toml")).unwrap()).unwrap()
}

fn weights() -> Vec<FoundTensor> {
    unpacked(&fs::read(cases().join("tiny/densenet/model.safetensors")).unwrap()).unwrap()
}

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_overread"))
}

#[test]
fn every_dress_of_a_checkpoint_gives_the_same_weights() {
    let expected = weights();
    for name in ["state_dict.pth", "chexnet.pth.tar", "module.pt"] {
        let found =
            checkpoint::read(&fs::read(checkpoint_file(name)).unwrap()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let converted =
            unpacked(&convert(found, &card().architecture).unwrap_or_else(|e| panic!("{name}: {e}"))).unwrap();
        assert_eq!(converted, expected, "{name}");
    }
    // Halves, and views with strides of their own
    let found = checkpoint::read(&fs::read(checkpoint_file("views.pth")).unwrap()).unwrap();
    let converted = unpacked(&convert(found, &card().architecture).unwrap()).unwrap();
    for (half, full) in converted.iter().zip(&expected) {
        assert_eq!((&half.path, &half.shape), (&full.path, &full.shape));
        let is_close = |(a, b): (&f32, &f32)| (a - b).abs() <= b.abs() / 1000.0 + 1e-6;
        assert!(half.values.iter().zip(&full.values).all(is_close), "{}", half.path);
    }
}

#[test]
fn what_holds_no_weights_is_refused_by_its_reason() {
    let error = |name: &str| checkpoint::read(&fs::read(checkpoint_file(name)).unwrap()).unwrap_err().to_string();
    assert_eq!(error("empty.pth"), "it holds no tensor");
    assert!(error("scripted.pt").contains("TorchScript"));
    assert!(checkpoint::read(b"").is_err() && checkpoint::read(b"PK\x03\x04").is_err());
    assert!(checkpoint::read(&[0x80, 2, b'.']).is_err());
    // A pickle that would run a program when loaded as usual: it is no state dict, and nothing has run.
    let marker = std::env::temp_dir().join(format!("overread-marker-{}", std::process::id()));
    let evil = format!("\u{80}\u{2}cposix\nsystem\n(S'touch {}'\ntR.", marker.display());
    let evil: Vec<u8> = evil.chars().map(|c| c as u8).collect();
    assert!(checkpoint::read(&evil).is_err());
    assert!(!marker.exists());
}

#[test]
fn damage_anywhere_in_a_checkpoint_never_panics_and_never_takes_long() {
    let began = std::time::Instant::now();
    for name in ["state_dict.pth", "chexnet.pth.tar"] {
        let whole = fs::read(checkpoint_file(name)).unwrap();
        for cut in (0..whole.len()).step_by(997) {
            assert!(checkpoint::read(&whole[..cut]).is_err(), "{name} cut at {cut}");
        }
        let mut seed = 5_u64;
        for _ in 0..400 {
            let mut bytes = whole.clone();
            for _ in 0..4 {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                // The pickles stand before the samples.
                let at = (seed >> 33) as usize % bytes.len().min(9000);
                bytes[at] = (seed >> 20) as u8;
            }
            if let Ok(found) = checkpoint::read(&bytes) {
                // Whatever it is, it is refused or has the network's shapes.
                let _unused = convert(found, &card().architecture);
            }
        }
    }
    assert!(began.elapsed().as_secs() < 30, "{:?}", began.elapsed());
}

#[test]
fn a_missing_an_extra_and_a_wrong_tensor_are_named() {
    let mut found = weights();
    let gone = found.remove(3);
    let error = convert(found.clone(), &card().architecture).unwrap_err();
    assert!(error.code() == "tensor_missing" && error.to_string().contains(&gone.path), "{error}");
    found.push(gone.clone());
    found.push(FoundTensor { path: "extra.weight".into(), ..gone.clone() });
    let error = convert(found.clone(), &card().architecture).unwrap_err();
    assert!(error.code() == "tensor_extra" && error.to_string().contains("extra.weight"), "{error}");
    found.pop();
    if let Some(tensor) = found.last_mut() {
        tensor.values[0] = f32::NAN;
    }
    assert_eq!(convert(found, &card().architecture).unwrap_err().code(), "tensor_not_finite");
    let twice = vec![gone.clone(), FoundTensor { path: format!("module.{}", gone.path), ..gone }];
    assert_eq!(convert(twice, &card().architecture).unwrap_err().code(), "weights_format");
}

#[test]
fn a_checkpoint_is_brought_in_by_a_process_of_its_own_and_runs() {
    let root = tempfile::tempdir().unwrap();
    let to = root.path().join("models");
    let card_file = root.path().join("card.toml");
    let text = fs::read_to_string(cases().join("tiny/densenet/model.toml")).unwrap();
    fs::write(&card_file, text.replace("id = \"densenet\"", "id = \"brought-in\"")).unwrap();
    let request =
        AddRequest { path: checkpoint_file("chexnet.pth.tar"), card: Some(card_file.clone()), to: to.clone() };
    let added = add(&request, Some(&program())).unwrap();
    assert_eq!((added.id.as_str(), added.folder.as_path()), ("brought-in", to.join("brought-in").as_path()));
    let entry = entry(&to, "brought-in");
    let model = load_model(&entry, &DeviceChoice::Cpu).unwrap();
    golden::check(&model, &entry.source).unwrap();
    assert!(model.card().golden.made_by.as_ref().unwrap().starts_with("overread"));
    // What PyTorch's own golden input gave for these weights
    let reference =
        candle_core::safetensors::load(cases().join("tiny/densenet/golden.safetensors"), &Device::Cpu).unwrap();
    let flat = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let overread::inference::network::Output::Classes { logits, .. } = model.run(flat(&reference["input"])).unwrap()
    else {
        panic!("no classes")
    };
    assert!(golden::relative_difference(&logits, &flat(&reference["output"])) < 1e-4);
    // There it is already.
    assert_eq!(add(&request, Some(&program())).unwrap_err().code, "model_exists");
    assert_eq!(fs::read_dir(&to).unwrap().count(), 1);
    // A folder that is whole comes in byte for byte.
    let folder = AddRequest { path: cases().join("tiny/unet"), card: None, to: to.clone() };
    add(&folder, Some(&program())).unwrap();
    for file in ["model.toml", "model.safetensors", "golden.safetensors"] {
        let bytes = |root: &Path| fs::read(root.join("unet").join(file)).unwrap();
        assert_eq!(bytes(&cases().join("tiny")), bytes(&to), "{file}");
    }
}

#[test]
fn what_cannot_be_brought_in_is_refused_with_its_reason_and_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let to = root.path().join("models");
    let refuse = |path: PathBuf, card: Option<&Path>| -> NotAdded {
        let request = AddRequest { path, card: card.map(Path::to_owned), to: to.clone() };
        let refused = add(&request, Some(&program())).unwrap_err();
        assert!(!to.exists() || fs::read_dir(&to).unwrap().next().is_none(), "something was left");
        refused
    };
    let card = cases().join("tiny/densenet/model.toml");
    assert_eq!(refuse(checkpoint_file("state_dict.pth"), None).code, "card_invalid");
    assert_eq!(refuse(checkpoint_file("empty.pth"), Some(&card)).code, "weights_format");
    assert_eq!(refuse(root.path().join("nowhere.pth"), Some(&card)).code, "model_unreadable");
    let unet = cases().join("tiny/unet/model.toml");
    assert_eq!(refuse(checkpoint_file("state_dict.pth"), Some(&unet)).code, "tensor_extra");
    // A size that no memory has: a text of four gigabytes in a file of some bytes
    let lie = root.path().join("lie.pth");
    fs::write(&lie, b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02X\xff\xff\xff\xff").unwrap();
    assert_eq!(refuse(lie, Some(&card)).code, "weights_format");
    // Golden output of other weights
    let folder = root.path().join("unet");
    fs::create_dir(&folder).unwrap();
    for file in ["model.toml", "model.safetensors", "golden.safetensors"] {
        fs::copy(cases().join("tiny/unet").join(file), folder.join(file)).unwrap();
    }
    let old = sha256_hex(&fs::read(folder.join("golden.safetensors")).unwrap());
    let other = fs::read(cases().join("tiny/densenet/golden.safetensors")).unwrap();
    fs::write(folder.join("golden.safetensors"), &other).unwrap();
    assert_eq!(refuse(folder.clone(), None).code, "hash_mismatch");
    let text = fs::read_to_string(folder.join("model.toml")).unwrap();
    fs::write(folder.join("model.toml"), text.replace(&old, &sha256_hex(&other))).unwrap();
    assert_eq!(refuse(folder, None).code, "network_invalid");
}

#[test]
fn cards_for_known_checkpoints_are_valid_but_for_their_hashes() {
    for (id, text) in templates::ALL {
        let files = |name: &str| format!("[{name}]\nfile = \"{name}.safetensors\"\nsha256 = \"{}\"\n", "0".repeat(64));
        let whole = format!("{text}\n{}{}tolerance = 1e-4\n", files("weights"), files("golden"));
        let card = parse_card(&whole).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(card.id.as_str(), id);
        assert!(!card.output.calibrated && card.labels.iter().all(|label| label.auroc.is_none()));
    }
}
