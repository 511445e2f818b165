//! A map or a network's input for a finding that is there already: the same picture, the same model, once more.

use std::sync::{Arc, PoisonError};

use crate::domain::finding::Finding;
use crate::domain::instance::Instance;
use crate::domain::intake::Progress;
use crate::domain::saliency::{SaliencyMap, SaliencyMethod};
use crate::domain::study::Study;
use crate::import::Importer;
use crate::inference::error::InferenceError;
use crate::inference::model::{Model, PictureInput, Scanner};
use crate::jobs::event::InputShown;
use crate::jobs::work::analysis::Shelf;

/// What is asked about.
pub struct Question<'a> {
    pub importer: &'a Importer,
    pub study: &'a Study,
    pub finding: &'a Finding,
}

/// The map by this method; `None` when cancelled, else the map, or in a sentence why there is none.
pub fn map(
    shelf: &Shelf,
    question: &Question<'_>,
    method: SaliencyMethod,
    cancel: &dyn Fn() -> bool,
    progress: &dyn Fn(Progress),
) -> Option<Result<SaliencyMap, String>> {
    let made = with_picture(shelf, question, |model, picture| {
        model.explain(picture, &question.finding.label.id, method, cancel, progress)
    });
    match made {
        Ok(Err(InferenceError::Cancelled)) => None,
        Ok(made) => Some(made.map_err(|error| error.to_string())),
        Err(why) => Some(Err(why)),
    }
}

/// What the finding's model was given, and in rows what was done to the picture.
pub fn input(shelf: &Shelf, question: &Question<'_>) -> Result<InputShown, String> {
    with_picture(shelf, question, |model, picture| {
        let input = if model.card().sliding.is_some() { model.tile_input(picture) } else { model.input(picture) };
        input.map(|input| InputShown { input, facts: facts(model) })
    })?
    .map_err(|error| error.to_string())
}

fn with_picture<T>(
    shelf: &Shelf,
    question: &Question<'_>,
    ask: impl FnOnce(&Model, &PictureInput<'_>) -> T,
) -> Result<T, String> {
    let Question { importer, study, finding } = question;
    let Some(run) = finding.model_run() else { return Err("A reader's finding has no model".to_owned()) };
    let model = shelf.lock().unwrap_or_else(PoisonError::into_inner).model(&run.model.id)?;
    if model.identity().weights_sha256 != run.model.weights_sha256 {
        return Err("The finding was made by other weights than those of the model that is here now".to_owned());
    }
    let (_, instance): (_, &Arc<Instance>) =
        study.instance(&finding.subject.sop).ok_or_else(|| "The finding's image is not here".to_owned())?;
    let frame = importer.load_frame(instance, finding.subject.frame).map_err(|error| error.to_string())?;
    let scanner = Scanner::default();
    Ok(ask(&model, &PictureInput { subject: &finding.subject, instance, frame: &frame, scanner: &scanner }))
}

fn facts(model: &Model) -> Vec<(String, String)> {
    let input = &model.card().input;
    let of_channels = |values: &crate::inference::model_card::OneOrEach| {
        (0..input.channels).map(|channel| format!("{:.4}", values.of(channel))).collect::<Vec<_>>().join(", ")
    };
    vec![
        ("Scaling".to_owned(), input.intensity.words()),
        ("Fit".to_owned(), input.fit.words().to_owned()),
        ("Mean".to_owned(), of_channels(&input.mean)),
        ("Deviation".to_owned(), of_channels(&input.std)),
    ]
}
