//! From keys to what they mean. The table of keys is `shortcuts`; this is the dispatcher.

use egui::{Context, FocusDirection, Id, Ui};

use crate::domain::decision::Verdict;
use crate::domain::presentation::{VoiFunction, Window};
use crate::imaging::presets::{presets, presets_apply};
use crate::ui::action::{Action, AppAction, OpenAction};
use crate::ui::capture;
use crate::ui::cine;
use crate::ui::context::UiContext;
use crate::ui::deciding;
use crate::ui::dialogs::export::ExportDraft;
use crate::ui::dialogs::palette::PaletteDraft;
use crate::ui::dialogs::settings::SettingsDraft;
use crate::ui::dialogs::test_pattern::TestPatternDraft;
use crate::ui::dialogs::{Dialog, header};
use crate::ui::history;
use crate::ui::key_images::{self, Direction};
use crate::ui::links;
use crate::ui::masks;
use crate::ui::masks::keys::mask_key;
use crate::ui::planes;
use crate::ui::preferences::Step;
use crate::ui::reading;
use crate::ui::shortcuts::{
    CineKey, HoldKey, KeyCommand, KeyContext, KeyImageKey, ProgramKey, ReviewKey, StageKey, ToolKey, ViewKey, is_held,
    take_pressed,
};
use crate::ui::tools::{self, menu};
use crate::ui::view_state::{LookAt, MaskStyle, SeriesView, ViewState, WindowChoice};
use crate::ui::viewport::pointer::{dragged_window, scrolled};
use crate::ui::viewport::shown::{Canvas, Shown};
use crate::ui::viewport::{is_viewport, viewport_id};
use crate::ui::work_keys;

/// Zoom factor of one key press.
const ZOOM_STEP: f64 = 1.2;
/// Window change of one key press, in points of a drag.
const WINDOW_STEP: f64 = 6.0;

/// Takes this pass's keys. Typing and dialogs keep theirs.
pub fn keys_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    let ctx = ui.ctx().clone();
    let keys = &context.app.preferences.keys;
    let is_elsewhere = ctx.text_edit_focused() || !view.dialogs.is_empty() || ctx.any_popup_open();
    view.overlay.is_held_hidden = !is_elsewhere && is_held(&ctx, keys, HoldKey::HideModel);
    view.transient.pointer.is_magnifying = !is_elsewhere && is_held(&ctx, keys, HoldKey::Magnify);
    if is_elsewhere {
        return;
    }
    let focused = ctx.memory(|memory| memory.focused());
    let keeps_focus_keys = focused.is_some_and(|id| !is_viewport(id));
    if !keeps_focus_keys {
        tools::keyboard::keys_ui(&ctx, context, view);
    }
    let has_selected = view.transient.tools.selected.is_some();
    if view.transient.worklist.is_open {
        return work_keys::worklist_keys_ui(&ctx, context, view, actions);
    }
    let key_context = match (view.transient.masks.is_open(), has_selected) {
        (true, _) => KeyContext::Mask,
        (false, true) => KeyContext::Measurement,
        (false, false) => KeyContext::Everywhere,
    };
    for command in take_pressed(&ctx, keys, key_context, keeps_focus_keys) {
        run(&ctx, context, view, actions, command);
    }
}

/// Does what a key, or the palette, asks for.
pub fn run(
    ctx: &Context,
    context: &UiContext<'_>,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
    command: KeyCommand,
) {
    view.transient.hint = None;
    match command {
        KeyCommand::View(key) => view_key(ctx, context, view, key),
        KeyCommand::Stage(key) => stage_key(context, view, key),
        KeyCommand::Review(key) => review_key(context, view, actions, key),
        KeyCommand::Program(key) => program_key(ctx, context, view, actions, key),
        KeyCommand::Cine(key) => cine_key(ctx, context, view, key),
        KeyCommand::Capture(key) => capture::ask(ctx, view, key),
        KeyCommand::KeyImage(KeyImageKey::Toggle) => key_images::toggle(context, view),
        KeyCommand::KeyImage(KeyImageKey::Next) => key_images::step(context, view, Direction::Forward),
        KeyCommand::KeyImage(KeyImageKey::Previous) => key_images::step(context, view, Direction::Back),
        KeyCommand::Tool(key) => tool_key(context, view, key),
        KeyCommand::Work(key) => work_keys::work_key(context, view, actions, key),
        KeyCommand::Mask(key) => mask_key(context, view, key),
        // Read above, while they are down.
        KeyCommand::Hold(_) => {}
    }
}

fn program_key(
    ctx: &Context,
    context: &UiContext<'_>,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
    key: ProgramKey,
) {
    match key {
        ProgramKey::OpenFolder => actions.push(OpenAction::ChooseFolder.into()),
        ProgramKey::OpenFiles => actions.push(OpenAction::ChooseFiles.into()),
        ProgramKey::Export if context.open_study.is_some() => {
            view.dialogs.push(Dialog::Export(ExportDraft::default()));
        }
        ProgramKey::Copies if context.open_study.is_some() => {
            view.dialogs.push(Dialog::Copies(Box::default()));
        }
        ProgramKey::Export | ProgramKey::Copies => {}
        ProgramKey::HideIdentity => view.is_identity_hidden = !view.is_identity_hidden,
        ProgramKey::Shortcuts => view.dialogs.push(Dialog::Shortcuts),
        ProgramKey::Settings => view.dialogs.push(Dialog::Settings(SettingsDraft::default())),
        ProgramKey::TestPattern => view.dialogs.push(Dialog::TestPattern(TestPatternDraft::default())),
        ProgramKey::Header => header::open(context, view),
        ProgramKey::Commands => view.dialogs.push(Dialog::Palette(PaletteDraft::default())),
        ProgramKey::LargerText | ProgramKey::SmallerText | ProgramKey::UsualText => {
            let mut preferences = context.app.preferences.clone();
            match key {
                ProgramKey::LargerText => preferences = preferences.with_text_step(Step::Up),
                ProgramKey::SmallerText => preferences = preferences.with_text_step(Step::Down),
                _ => preferences.display.text_scale = 1.0,
            }
            actions.push(AppAction::Prefer(Box::new(preferences)).into());
        }
        ProgramKey::FocusPanels => {
            let active = active_viewport(context, view);
            ctx.memory_mut(|memory| {
                if memory.focused().is_some_and(is_viewport) {
                    memory.move_focus(FocusDirection::Next);
                } else {
                    memory.request_focus(active);
                }
            });
        }
        ProgramKey::Quit => actions.push(AppAction::Quit.into()),
        ProgramKey::Cancel if masks::acts::cancel(view) => {}
        ProgramKey::Cancel if view.transient.tools.cancel() => {}
        ProgramKey::Cancel => {
            view.transient.pointer.is_drawing_finding = false;
            view.transient.pointer.drag = None;
            cine::stop_all(view);
            view.transient.is_maximized = false;
            let active = active_viewport(context, view);
            ctx.memory_mut(|memory| memory.request_focus(active));
        }
    }
}

fn active_viewport(context: &UiContext<'_>, view: &ViewState) -> Id {
    let look = context.open_study_uid().and_then(|study| view.look(study));
    viewport_id(look.map_or(0, |look| look.stage.active))
}

fn review_key(context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>, key: ReviewKey) {
    match key {
        ReviewKey::Accept => deciding::decide_selected(context, view, actions, Verdict::Accepted),
        ReviewKey::Uncertain => deciding::decide_selected(context, view, actions, Verdict::Uncertain),
        ReviewKey::NotAssessable => deciding::decide_selected(context, view, actions, Verdict::NotAssessable),
        ReviewKey::AcceptDisplayed => deciding::accept_displayed(context, view, actions),
        ReviewKey::RejectDuplicates => deciding::reject_duplicates(context, view, actions),
        ReviewKey::Details => deciding::ask_details(context, view),
        ReviewKey::Reject => deciding::ask_reasons(context, view),
        ReviewKey::New => deciding::start_new_finding(context, view),
        ReviewKey::Next => deciding::step_selection(context, view, 1),
        ReviewKey::Previous => deciding::step_selection(context, view, -1),
        ReviewKey::CycleOverlay => {
            view.overlay.masks = match view.overlay.masks {
                MaskStyle::Off => MaskStyle::Outline,
                MaskStyle::Outline => MaskStyle::OutlineAndFill,
                MaskStyle::OutlineAndFill => MaskStyle::Off,
            };
        }
        ReviewKey::ToggleSaliency if !reading::presentation(context).map || reading::is_ai_hidden(context) => {
            view.transient.hint = Some("This reading is without the map.".to_owned());
        }
        ReviewKey::ToggleSaliency => view.overlay.saliency_shown = !view.overlay.saliency_shown,
        ReviewKey::Undo => history::undo(context, view, actions),
        ReviewKey::Redo => history::redo(context, view, actions),
    }
}

fn tool_key(context: &UiContext<'_>, view: &mut ViewState, key: ToolKey) {
    match key {
        ToolKey::Choose(tool) => view.transient.tools.choose(tool),
        ToolKey::Remove => {
            let selected = view.transient.tools.selected.clone();
            let review = selected.and_then(|id| context.session?.annotation(&id));
            if let Some(review) = review {
                menu::remove(view, &review.annotation);
            }
        }
        ToolKey::ToggleDrawings => view.overlay.drawings_shown = !view.overlay.drawings_shown,
    }
}

/// Changes the panes as a key, a button or a menu asks.
pub fn stage_key(context: &UiContext<'_>, view: &mut ViewState, key: StageKey) {
    let Some(study) = context.open_study else { return };
    let stage = &mut view.look_mut(&study.uid).stage;
    let n_panes = stage.layout.n_panes();
    match key {
        StageKey::Layout(layout) => stage.lay_out(layout, study),
        StageKey::NextPane => stage.active = (stage.active + 1) % n_panes,
        StageKey::PreviousPane => stage.active = (stage.active + n_panes - 1) % n_panes,
        StageKey::Maximize if n_panes > 1 => stage.is_maximized = !stage.is_maximized,
        StageKey::Maximize => view.transient.is_maximized = !view.transient.is_maximized,
        StageKey::LinkScroll => stage.links.scroll = !stage.links.scroll,
        StageKey::LinkAsTheyStand => links::as_they_stand(context, view),
        StageKey::LinkWindow => stage.links.window = !stage.links.window,
        StageKey::LinkZoom => stage.links.zoom = !stage.links.zoom,
        StageKey::ReferenceLines => stage.links.lines = !stage.links.lines,
        StageKey::Planes => planes::toggle(context, view),
        StageKey::Projection => {
            let pane = stage.active;
            planes::change(context, view, pane, |planes, _, _| planes.next_projection());
        }
    }
}

pub fn cine_key(ctx: &Context, context: &UiContext<'_>, view: &mut ViewState, key: CineKey) {
    let rate = cine::rate(context, view);
    match (key, rate) {
        (CineKey::Play, _) => cine::toggle(ctx, context, view),
        (CineKey::Faster, Some(rate)) => cine::set_rate(context, view, (rate * 1.25).max(rate + 1.0).round()),
        (CineKey::Slower, Some(rate)) => cine::set_rate(context, view, (rate / 1.25).min(rate - 1.0).round()),
        (CineKey::Bounce, _) => view.transient.panes.cine.bounces ^= true,
        (CineKey::Faster | CineKey::Slower, None) => {}
    }
}

/// Changes the open series' look as a key, a button or a menu asks.
pub fn view_key(ctx: &Context, context: &UiContext<'_>, view: &mut ViewState, key: ViewKey) {
    let Some(study) = context.open_study else { return };
    match key {
        ViewKey::NextSeries => return step_series(context, view, 1),
        ViewKey::PreviousSeries => return step_series(context, view, -1),
        ViewKey::ToggleGraphics => {
            view.overlay.graphics_shown = !view.overlay.graphics_shown;
            return;
        }
        _ => {}
    }
    let Some(shown) = Shown::of(context, view.looks.get(&study.uid), &mut view.transient) else { return };
    let mut look = shown.look.clone();
    if let Some(rect) = view.transient.panes.rects.get(&shown.pane) {
        look.view = Canvas::new(*rect, ctx.pixels_per_point(), &shown).view;
    }
    if shown.cut.is_some() && scroll_plane(context, view, shown.pane, key) {
        return;
    }
    changed(&mut look, &shown, key);
    *view.look_mut(&study.uid).view_mut() = look;
}

/// Keys that go from image to image go from plane to plane. False for all others.
fn scroll_plane(context: &UiContext<'_>, view: &mut ViewState, pane: usize, key: ViewKey) -> bool {
    match key {
        ViewKey::Scroll(n) => {
            planes::change(context, view, pane, |planes, space, axis| planes.scroll(space, axis, i64::from(n)));
        }
        ViewKey::FirstImage => {
            planes::change(context, view, pane, |planes, space, axis| planes.scroll_to_end(space, axis, -1));
        }
        ViewKey::LastImage => {
            planes::change(context, view, pane, |planes, space, axis| planes.scroll_to_end(space, axis, 1));
        }
        _ => return false,
    }
    true
}

fn changed(look: &mut SeriesView, shown: &Shown<'_>, key: ViewKey) {
    let n_images = shown.series.stack.len();
    match key {
        ViewKey::Preset(digit) => {
            let preset = presets().iter().find(|preset| preset.key == Some(digit));
            if let Some(preset) = preset.filter(|_| presets_apply(&shown.series.modality, shown.instance)) {
                look.window = WindowChoice::Preset(preset.id.clone());
            }
        }
        ViewKey::WindowFromFile => look.window = WindowChoice::FromFile,
        ViewKey::WindowAuto => look.window = WindowChoice::Auto,
        ViewKey::WindowStep { width, level } => {
            let Some(tone) = &shown.tone else { return };
            let (low, high) = tone.range;
            let start = tone.voi.window().copied().unwrap_or(Window::linear((low + high) / 2.0, (high - low).max(1.0)));
            let (right, down) = (f64::from(width) * WINDOW_STEP, f64::from(level) * WINDOW_STEP);
            look.window = WindowChoice::Manual(dragged_window(&start, tone.range, right, down));
        }
        ViewKey::Sigmoid => {
            let Some(window) = shown.window().filter(|_| !shown.tone.as_ref().is_some_and(|tone| tone.is_color)) else {
                return;
            };
            let function = match window.function {
                // LINEAR has no width below 1 (PS3.3 C.11.2.1.2.1).
                VoiFunction::Sigmoid if window.width < 1.0 => VoiFunction::LinearExact,
                VoiFunction::Sigmoid => VoiFunction::Linear,
                VoiFunction::Linear | VoiFunction::LinearExact => VoiFunction::Sigmoid,
            };
            look.window = WindowChoice::Manual(Window { function, ..window });
        }
        ViewKey::Invert => look.is_inverted = !look.is_inverted,
        ViewKey::FlipHorizontal => look.view = look.view.flipped_left_right(),
        ViewKey::FlipVertical => look.view = look.view.flipped_top_bottom(),
        ViewKey::RotateRight => look.view = look.view.turned_clockwise(),
        ViewKey::RotateLeft => look.view = look.view.turned_counterclockwise(),
        ViewKey::Fit => look.is_fit = true,
        ViewKey::ZoomIn | ViewKey::ZoomOut => {
            let factor = if key == ViewKey::ZoomIn { ZOOM_STEP } else { 1.0 / ZOOM_STEP };
            look.view = look.view.zoomed_to(look.view.zoom * factor);
            look.is_fit = false;
        }
        ViewKey::Scroll(n) => look.stack_index = scrolled(look.stack_index, i64::from(n), n_images),
        ViewKey::FirstImage => look.stack_index = 0,
        ViewKey::LastImage => look.stack_index = n_images.saturating_sub(1),
        ViewKey::Reset => *look = SeriesView { stack_index: look.stack_index, ..SeriesView::default() },
        ViewKey::NextSeries | ViewKey::PreviousSeries | ViewKey::ToggleGraphics => {}
    }
}

fn step_series(context: &UiContext<'_>, view: &mut ViewState, step: i64) {
    let Some(study) = context.open_study else { return };
    let index = view.look(&study.uid).map_or(0, |look: &LookAt| look.open_index(study));
    let index = scrolled(index, step, study.series.len());
    view.look_mut(&study.uid).open(study, index);
}
