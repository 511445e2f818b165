//! What a heat map costs beside the network's run alone, by method, on the phantom's radiograph.

use std::path::PathBuf;

use crate::app::cli::bench::inference::radiograph;
use crate::app::cli::bench::measure::{Part, Way, interleaved};
use crate::app::cli::bench::sheet::Sheet;
use crate::domain::saliency::SaliencyMethod;
use crate::import::Importer;
use crate::inference::device::DeviceChoice;
use crate::inference::preprocess::prepare;
use crate::inference::registry;

const METHODS: [SaliencyMethod; 3] = [SaliencyMethod::GradCam, SaliencyMethod::GradCamPlusPlus, SaliencyMethod::Cam];

pub fn measure(importer: &Importer, roots: &[PathBuf], device: DeviceChoice, n_rounds: u32) -> Result<Sheet, String> {
    let opened = radiograph(importer)?;
    let entries = registry::list_models(roots);
    let classifiers = entries.iter().filter(|entry| {
        entry.hash_ok && entry.card.as_ref().is_ok_and(|card| card.architecture.classifier().is_some())
    });
    let models = classifiers.map(|entry| registry::load_model(entry, &device));
    let models = models.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    let (mut ways, mut pairs) = (Vec::new(), Vec::new());
    for model in &models {
        let id = model.identity().id.clone();
        let prepared = prepare(&model.card().input, &opened.instance, &opened.frame);
        let values = prepared.map_err(|error| error.to_string())?.values;
        let given = values.clone();
        let part = Part::new(format!("{id}.forward"), format!("{id}: the network's run, its logits, no map"));
        ways.push(Way::timed(part, move || {
            let features = model.features(given.clone(), &|| false).map_err(|error| error.to_string())?;
            model.head(&features).map(std::hint::black_box).map(|_| ()).map_err(|error| error.to_string())
        }));
        for method in METHODS {
            let given = values.clone();
            let word = method.word();
            let part = Part::new(format!("{id}.{word}"), format!("{id}: the same with the {word} of one label"));
            ways.push(Way::timed(part, move || {
                let map = model.raw_map(given.clone(), 0, method, &|| false).map_err(|error| error.to_string())?;
                std::hint::black_box(map);
                Ok(())
            }));
            pairs.push((format!("{id}.{word}"), format!("{id}.forward")));
        }
    }
    let series = interleaved(n_rounds, &mut ways)?;
    Ok(Sheet::new("explain", n_rounds, series, &pairs).with_fact("device", models.first().map(|model| model.device())))
}
