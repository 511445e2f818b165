//! Two readers beside each other, finding by finding; and what an adjudicator decides between them.

use egui::{Button, ComboBox, Key, Modifiers, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};

use crate::domain::decision::{Decision, RejectReason, Verdict};
use crate::domain::details::DecisionDetails;
use crate::domain::uid::{FindingId, ReaderName};
use crate::review::command::Adjudication;
use crate::review::difference::{self, Difference, Side};
use crate::ui::action::{Action, CourseAction, ReviewAction};
use crate::ui::context::UiContext;
use crate::ui::deciding;
use crate::ui::dialogs::{Stay, modal_beside};
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DifferencesDraft {
    pub readers: [Option<ReaderName>; 2],
    pub selected: Option<FindingId>,
    pub comment: String,
    pub hides_agreed: bool,
}

const WIDTH: f32 = 560.0;
const COLUMN: f32 = 128.0;

pub(in crate::ui::dialogs) fn differences_ui(
    ui: &Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
    draft: &mut DifferencesDraft,
) -> Stay {
    let Some(session) = context.session else { return Stay::Closed };
    let is_masked = session.is_ai_hidden() || session.course().hides_others_from(context.app.reader);
    let unmasked = if is_masked { Vec::new() } else { session.unmasked() };
    let readers = difference::readers(&unmasked);
    let [first, second] = chosen(draft, &readers);
    let lines = match (&first, &second) {
        (Some(first), Some(second)) => difference::between(&unmasked, first, second),
        _ => Vec::new(),
    };
    if !ui.ctx().text_edit_focused() {
        walk(ui, context, view, draft, &lines);
        pick_by_key(ui, context, actions, draft, &lines);
    }
    modal_beside(ui, "Readers compared", WIDTH, |ui| {
        if is_masked {
            ui.label("What others decided is shown when you have signed your own reading.");
        } else if readers.len() < 2 {
            ui.label("Fewer than two readers have decided on this study.");
        } else {
            readers_ui(ui, draft, &readers, [&first, &second]);
            head_ui(ui, draft, &lines, [&first, &second]);
            let height = (ui.ctx().content_rect().height() - 330.0).clamp(120.0, 460.0);
            ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                let hides_agreed = draft.hides_agreed;
                for line in lines.iter().filter(|line| line.is_disputed() || !hides_agreed) {
                    line_ui(ui, context, view, draft, line);
                }
            });
            adjudicate_ui(ui, context, actions, draft, &lines, [&first, &second]);
        }
        ui.add_space(8.0);
        if ui.button("Close").clicked() { Stay::Closed } else { Stay::Open }
    })
}

fn chosen(draft: &DifferencesDraft, readers: &[ReaderName]) -> [Option<ReaderName>; 2] {
    let known = |wanted: &Option<ReaderName>| wanted.clone().filter(|one| readers.contains(one));
    let first = known(&draft.readers[0]).or_else(|| readers.first().cloned());
    let second = known(&draft.readers[1]).filter(|one| Some(one) != first.as_ref());
    let second = second.or_else(|| readers.iter().find(|one| Some(*one) != first.as_ref()).cloned());
    [first, second]
}

fn readers_ui(ui: &mut Ui, draft: &mut DifferencesDraft, readers: &[ReaderName], chosen: [&Option<ReaderName>; 2]) {
    if readers.len() == 2 {
        return;
    }
    ui.horizontal(|ui| {
        for ((slot, current), name) in draft.readers.iter_mut().zip(chosen).zip(["First reader", "Second reader"]) {
            let shown = current.as_ref().map_or("", ReaderName::as_str);
            let choice = ComboBox::from_id_salt(name).selected_text(shown).width(180.0).show_ui(ui, |ui| {
                for reader in readers {
                    if ui.selectable_label(current.as_ref() == Some(reader), reader.as_str()).clicked() {
                        *slot = Some(reader.clone());
                    }
                }
            });
            choice.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, name));
        }
    });
}

fn head_ui(ui: &mut Ui, draft: &mut DifferencesDraft, lines: &[Difference], readers: [&Option<ReaderName>; 2]) {
    let n_disputed = lines.iter().filter(|line| line.is_disputed()).count();
    ui.horizontal(|ui| {
        let words = format!("{n_disputed} of {} differ", lines.len());
        ui.label(RichText::new(words).color(if n_disputed > 0 { theme().state.uncertain } else { theme().state.good }));
        ui.checkbox(&mut draft.hides_agreed, "Only what differs");
    });
    ui.add_space(4.0);
    let [first, second] = readers.map(|reader| reader.as_ref().map_or("", ReaderName::as_str));
    // As far in as the lines below.
    egui::Frame::new().inner_margin(egui::Margin::symmetric(6, 0)).show(ui, |ui| {
        columns_ui(ui, |ui, column| {
            let words = match column {
                0 => "Finding",
                1 => first,
                2 => second,
                _ => "Adjudicated",
            };
            ui.label(RichText::new(words).small().color(theme().text.weak));
        });
    });
}

/// Four columns of fixed places, so that nothing moves from line to line.
fn columns_ui(ui: &mut Ui, mut add: impl FnMut(&mut Ui, usize)) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let first = ui.available_width() - 3.0 * (COLUMN + 6.0);
        for column in 0..4 {
            let width = if column == 0 { first } else { COLUMN };
            ui.allocate_ui_with_layout(vec2(width, 20.0), egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.set_width(width);
                add(ui, column);
            });
        }
    });
}

fn line_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    draft: &mut DifferencesDraft,
    line: &Difference,
) {
    let is_selected = draft.selected.as_ref() == Some(&line.finding.id);
    let frame = egui::Frame::new()
        .fill(if is_selected { theme().surface.selected.0 } else { theme().surface.raised.0 })
        .corner_radius(4)
        .inner_margin(egui::Margin::symmetric(6, 3));
    let response = ui
        .scope_builder(egui::UiBuilder::new().id_salt(&line.finding.id).sense(egui::Sense::click()), |ui| {
            frame.show(ui, |ui| columns_ui(ui, |ui, column| cell_ui(ui, line, column)));
        })
        .response;
    let [first, second] = &line.sides;
    let said = format!("{}: {}, {}", line.finding.label.name, first.words(), second.words());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_selected, &said));
    if response.clicked() {
        choose(context, view, draft, line);
    }
}

fn cell_ui(ui: &mut Ui, line: &Difference, column: usize) {
    let side = column.checked_sub(1).and_then(|at| line.sides.get(at));
    let (words, color) = match (column, side) {
        (0, _) => (line.finding.label.name.as_str(), theme().text.strong),
        (_, Some(side)) => {
            (side.words(), if line.is_disputed() { theme().state.uncertain } else { theme().text.normal })
        }
        _ => (line.adjudicated.as_ref().map_or("", Decision::words), theme().state.good),
    };
    let label = ui.add(egui::Label::new(RichText::new(words).color(color)).truncate());
    let told = side.and_then(Side::decision).or(line.adjudicated.as_ref().filter(|_| column == 3));
    if let Some(decision) = told {
        label.on_hover_text(decision_words(decision));
    }
}

fn decision_words(decision: &Decision) -> String {
    let mut parts = vec![format!("{} by {}", decision.words(), decision.reader)];
    parts.extend(decision.details.label.as_ref().map(|label| format!("called {}", label.name)));
    parts.extend(decision.details.severity.map(|severity| severity.word().to_owned()));
    parts.extend(decision.details.confidence.map(|one| format!("confidence {}", one.percent())));
    parts.extend(Some(decision.comment.clone()).filter(|comment| !comment.is_empty()));
    parts.join(" · ")
}

fn choose(context: &UiContext<'_>, view: &mut ViewState, draft: &mut DifferencesDraft, line: &Difference) {
    draft.selected = Some(line.finding.id.clone());
    draft.comment.clear();
    deciding::select(context, view, &line.finding.id);
}

fn walk(ui: &Ui, context: &UiContext<'_>, view: &mut ViewState, draft: &mut DifferencesDraft, lines: &[Difference]) {
    let pressed = |key| ui.ctx().input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let (down, up) = (pressed(Key::J) | pressed(Key::ArrowDown), pressed(Key::K) | pressed(Key::ArrowUp));
    if !down && !up {
        return;
    }
    let shown: Vec<&Difference> = lines.iter().filter(|line| line.is_disputed() || !draft.hides_agreed).collect();
    let at = draft.selected.as_ref().and_then(|id| shown.iter().position(|line| &line.finding.id == id));
    let next = match (at, down) {
        (None, _) => 0,
        (Some(at), true) => (at + 1).min(shown.len().saturating_sub(1)),
        (Some(at), false) => at.saturating_sub(1),
    };
    if let Some(line) = shown.get(next) {
        choose(context, view, draft, line);
    }
}

fn pick_by_key(
    ui: &Ui,
    context: &UiContext<'_>,
    actions: &mut Vec<Action>,
    draft: &DifferencesDraft,
    lines: &[Difference],
) {
    let keys = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6];
    for (at, key) in keys.into_iter().enumerate() {
        if ui.ctx().input_mut(|input| input.consume_key(Modifiers::NONE, key)) {
            pick(context, actions, draft, lines, at);
        }
    }
}

/// The adjudicator sides with one of the two, or with neither; both decisions stay.
fn pick(context: &UiContext<'_>, actions: &mut Vec<Action>, draft: &DifferencesDraft, lines: &[Difference], at: usize) {
    let role = context.app.preferences.reading.role;
    let Some(line) = lines.iter().find(|line| Some(&line.finding.id) == draft.selected.as_ref()) else { return };
    let result = match line.sides.get(at) {
        Some(side) => result_of(side),
        None => own_result(at - line.sides.len(), draft.comment.trim()).filter(|(own, _)| !is_said(line, own)),
    };
    let Some((verdict, details)) = result.filter(|_| role.may_adjudicate()) else { return };
    let adjudication = Adjudication {
        finding: line.finding.id.clone(),
        verdict,
        seen: None,
        comment: draft.comment.trim().to_owned(),
        details,
        role,
    };
    actions.push(ReviewAction::Course(CourseAction::Adjudicate(Box::new(adjudication))).into());
}

/// What siding with a reader says of the finding; `None` where that reader has said nothing.
fn result_of(side: &Side) -> Option<(Verdict, DecisionDetails)> {
    match side {
        Side::Found(Some(decision)) | Side::Decided(decision) => {
            Some((decision.verdict.clone(), decision.details.clone()))
        }
        Side::Found(None) => Some((Verdict::Accepted, DecisionDetails::default())),
        Side::NotMarked => {
            let text = "not marked by one reader".to_owned();
            Some((Verdict::Rejected { reasons: vec![RejectReason::Other], text }, DecisionDetails::default()))
        }
        Side::Undecided => None,
    }
}

/// What an adjudicator may say with neither of the two.
fn own_result(at: usize, comment: &str) -> Option<(Verdict, DecisionDetails)> {
    let text = if comment.is_empty() { "decided by the adjudicator" } else { comment };
    let verdict = match at {
        0 => Verdict::Accepted,
        1 => Verdict::Rejected { reasons: vec![RejectReason::Other], text: text.to_owned() },
        2 => Verdict::Uncertain,
        3 => Verdict::NotAssessable,
        _ => return None,
    };
    Some((verdict, DecisionDetails::default()))
}

/// Whether siding with one of the two says the same.
fn is_said(line: &Difference, verdict: &Verdict) -> bool {
    line.sides.iter().filter_map(result_of).any(|(said, _)| said.word() == verdict.word())
}

fn adjudicate_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    actions: &mut Vec<Action>,
    draft: &mut DifferencesDraft,
    lines: &[Difference],
    readers: [&Option<ReaderName>; 2],
) {
    ui.separator();
    if !context.app.preferences.reading.role.may_adjudicate() {
        let words = "Adjudicators and leads decide here (Settings, Reading: your role).";
        ui.label(RichText::new(words).small().color(theme().text.weak));
        return;
    }
    let selected = lines.iter().find(|line| Some(&line.finding.id) == draft.selected.as_ref());
    let Some(line) = selected else {
        ui.label(RichText::new("J and K go from finding to finding").small().color(theme().text.weak));
        return;
    };
    ui.label(RichText::new(format!("Adjudicate: {}", line.finding.label.name)).color(theme().text.strong));
    let edit = TextEdit::singleline(&mut draft.comment).hint_text("Why (optional)").desired_width(f32::INFINITY);
    ui.add(edit).widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Reason of the adjudication"));
    let mut picked = None;
    ui.horizontal_wrapped(|ui| {
        for (at, (side, reader)) in line.sides.iter().zip(readers).enumerate() {
            let words = format!("As {}: {}", reader.as_ref().map_or("", ReaderName::as_str), side.words());
            let button = Button::new(&words).shortcut_text((at + 1).to_string());
            if ui.add_enabled(result_of(side).is_some(), button).clicked() {
                picked = Some(at);
            }
        }
    });
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("Or neither:").small().color(theme().text.weak));
        for at in 0..4 {
            let Some((verdict, _)) = own_result(at, "").filter(|(own, _)| !is_said(line, own)) else { continue };
            let place = at + line.sides.len();
            let button = Button::new(verdict.word()).small().shortcut_text((place + 1).to_string());
            if ui.add(button).clicked() {
                picked = Some(place);
            }
        }
    });
    if let Some(at) = picked {
        pick(context, actions, draft, lines, at);
    }
}
