//! The whole screen: bars above and below, series on the left, the picture in the middle, findings on the right.

use std::path::PathBuf;
use std::time::Duration;

use egui::{CentralPanel, CollapsingHeader, Frame, Margin, Panel, ScrollArea, Ui, ViewportCommand};

use crate::domain::frame::FrameKey;
use crate::domain::uid::FindingId;
use crate::ui::action::{Action, AppAction, OpenAction, ReviewAction, ViewAction};
use crate::ui::arrangement::PanelWidths;
use crate::ui::attention;
use crate::ui::capture::capture_ui;
use crate::ui::cine;
use crate::ui::context::UiContext;
use crate::ui::deciding;
use crate::ui::dialogs::dialogs_ui;
use crate::ui::in_force::put_in_force;
use crate::ui::keys::keys_ui;
use crate::ui::panels::finding_details::{decision_ui, finding_facts_ui};
use crate::ui::panels::findings::findings_ui;
use crate::ui::panels::mask_editor::mask_editor_ui;
use crate::ui::panels::measurements::measurements_ui;
use crate::ui::panels::overlay_controls::overlay_controls_ui;
use crate::ui::panels::record_banner::record_banner_ui;
use crate::ui::panels::series_strip::series_strip_ui;
use crate::ui::panels::start_page::start_page_ui;
use crate::ui::panels::status_bar::status_bar_ui;
use crate::ui::panels::tool_strip::{self, tool_strip_ui};
use crate::ui::panels::top_bar::top_bar_ui;
use crate::ui::panels::view_tools::view_tools_ui;
use crate::ui::panels::worklist::worklist_ui;
use crate::ui::planes;
use crate::ui::theme::{bar_frame, panel_frame, theme};
use crate::ui::transient::ASK_AGAIN_S;
use crate::ui::view_state::ViewState;
use crate::ui::viewport::{keep_viewports, stage_ui};
use crate::ui::{hanging, history, masks};

/// Draws one pass and collects what the reader asked for.
pub fn screen_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>) {
    put_in_force(ui.ctx(), context.app.preferences, view);
    mark_displayed(context, view, actions);
    let known = context.open_study_uid().and_then(|study| view.look(study).cloned());
    hanging::hang_untouched(context, view);
    first_selection(context, view);
    // What the program itself has chosen is no step of the reader's.
    let before = context.open_study_uid().and_then(|study| view.look(study).cloned());
    if context.app.has_accepted_terms {
        keys_ui(ui, context, view, actions);
    }
    dropped_files(ui, actions);
    cine::advance(ui.ctx(), context, view, actions);
    let now = ui.ctx().time();
    masks::acts::follow(context, view, now);
    let mut wanted = Vec::new();
    Panel::top("top bar").frame(bar_frame()).resizable(false).show(ui, |ui| top_bar_ui(ui, context, view, actions));
    Panel::bottom("status bar")
        .frame(bar_frame())
        .resizable(false)
        .show(ui, |ui| status_bar_ui(ui, context, view, actions));
    record_banner_ui(ui, context, view, actions);
    if view.transient.worklist.is_open && context.app.has_accepted_terms {
        view.transient.panes.painted.clear();
        keep_viewports(ui, ui.available_rect_before_wrap(), std::iter::empty());
        let ground = Frame::new().fill(theme().surface.window.into()).inner_margin(Margin::symmetric(14, 10));
        CentralPanel::no_frame().frame(ground).show(ui, |ui| worklist_ui(ui, context, view, actions));
    } else if context.open_study.is_some() {
        if !view.transient.is_maximized {
            side_panels_ui(ui, context, view, actions, &mut wanted);
        }
        // Nothing is filled: the window is cleared to the ground of pictures.
        let mut first = Vec::new();
        CentralPanel::no_frame().show(ui, |ui| {
            Panel::top("view tools")
                .frame(bar_frame().inner_margin(Margin::symmetric(8, 3)))
                .resizable(false)
                .show(ui, |ui| view_tools_ui(ui, context, view, actions));
            Panel::left("tools")
                .frame(bar_frame().inner_margin(Margin::symmetric(3, 0)))
                .resizable(false)
                .exact_size(tool_strip::WIDTH)
                .show(ui, |ui| tool_strip_ui(ui, context, view, actions));
            CentralPanel::no_frame().show(ui, |ui| stage_ui(ui, context, view, before.as_ref(), &mut first));
        });
        // What is looked at comes before thumbnails.
        first.append(&mut wanted);
        wanted = first;
    } else {
        view.transient.panes.painted.clear();
        keep_viewports(ui, ui.available_rect_before_wrap(), std::iter::empty());
        let ground = Frame::new().fill(theme().surface.window.into());
        CentralPanel::no_frame().frame(ground).show(ui, |ui| start_page_ui(ui, context, view, actions));
    }
    capture_ui(ui, context, view, actions);
    dialogs_ui(ui, context, view, actions);
    actions.extend(view.transient.tools.asked.drain(..).map(Action::from));
    actions.append(&mut view.transient.masks.asked);
    ask_for_frames(ui, view, wanted, actions);
    planes::ask(ui, context, view, actions);
    if is_display_untold(context, view) {
        // The next pass tells, so that a key pressed after it finds the finding displayed.
        ui.ctx().request_repaint();
    }
    if actions.contains(&Action::App(AppAction::Quit)) {
        ui.ctx().send_viewport_cmd(ViewportCommand::Close);
    }
    attention::follow(ui.ctx(), context, view);
    let (now, is_pressed) = ui.input(|input| (input.time, input.pointer.any_down()));
    history::follow(context, view, before.as_ref(), now, is_pressed);
    let study = context.open_study_uid();
    if let Some(study) = study.filter(|study| view.look(study) != known.as_ref()) {
        actions.push(ViewAction::Changed(study.clone()).into());
        // What the keys and the pointer changed is on screen with the next pass at the latest.
        ui.ctx().request_repaint();
    }
}

fn side_panels_ui(
    ui: &mut Ui,
    context: &UiContext<'_>,
    view: &mut ViewState,
    actions: &mut Vec<Action>,
    wanted: &mut Vec<FrameKey>,
) {
    // With a large text on a small screen the picture still has most of it.
    let (series_fits, findings_fits) = match ui.available_width() {
        1350.0.. => (164.0, 360.0),
        800.0.. => (140.0, 320.0),
        _ => (96.0, 240.0),
    };
    let is_low = ui.available_height() < 500.0;
    let kept = view.arrangement.panels;
    let series_width = kept.series.unwrap_or(series_fits).min(ui.available_width() * 0.25);
    let series = Panel::left("series")
        .frame(panel_frame().inner_margin(Margin::same(8)))
        .size_range(90.0..=260.0)
        .default_size(series_width)
        .show(ui, |ui| series_strip_ui(ui, context, view, wanted));
    view.arrangement.panels.series = PanelWidths::made(kept.series, series_width, series.response.rect.width());
    let findings_width = kept.findings.unwrap_or(findings_fits).min(ui.available_width() * 0.5);
    let findings = Panel::right("findings")
        .frame(panel_frame())
        .size_range(220.0..=560.0)
        .default_size(findings_width)
        .show(ui, |ui| {
            if view.transient.masks.is_open() {
                return mask_editor_ui(ui, context, view);
            }
            Panel::bottom("decision").frame(Frame::NONE).resizable(false).show(ui, |ui| {
                ui.add_space(8.0);
                decision_ui(ui, context, view, actions);
            });
            let most = (ui.available_height() - LIST_HEIGHT).max(120.0);
            Panel::bottom("finding details").frame(Frame::NONE).resizable(false).show(ui, |ui| {
                ui.add_space(6.0);
                // The list comes first where there is little room.
                if is_low {
                    CollapsingHeader::new("Details and overlays").show(ui, |ui| {
                        about_finding_ui(ui, context, view, actions, 120.0);
                    });
                } else {
                    about_finding_ui(ui, context, view, actions, most);
                }
                ui.add_space(4.0);
            });
            CentralPanel::no_frame().show(ui, |ui| findings_ui(ui, context, view, actions));
        });
    let shown = findings.response.rect.width();
    view.arrangement.panels.findings = PanelWidths::made(kept.findings, findings_width, shown);
}

/// Of the panel of findings its head and two of them, points.
const LIST_HEIGHT: f32 = 300.0;

/// What is known of the selected finding, what lies over the picture, and what was measured; at most so high.
fn about_finding_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, actions: &mut Vec<Action>, most: f32) {
    let area = ScrollArea::vertical().id_salt("about finding").auto_shrink([false, true]);
    // As high as what it holds, whatever the panel was in the pass before
    area.max_height(most).min_scrolled_height(most).show(ui, |ui| {
        measurements_ui(ui, context, view);
        ui.add_space(4.0);
        finding_facts_ui(ui, context, view, actions);
        overlay_controls_ui(ui, context, view, actions);
    });
}

/// Tells the review that a finding's own image was on screen while it was selected: in the pass before, painted.
fn mark_displayed(context: &UiContext<'_>, view: &ViewState, actions: &mut Vec<Action>) {
    if let Some(selected) = painted_selection(view).filter(|_| is_display_untold(context, view)) {
        actions.push(ReviewAction::MarkDisplayed(selected.clone()).into());
    }
}

/// The finding that was selected while pictures were painted.
fn painted_selection(view: &ViewState) -> Option<&FindingId> {
    view.transient.panes.painted.values().find_map(|painted| painted.selected.as_ref())
}

/// The selected finding's image is painted and the review does not know it yet.
fn is_display_untold(context: &UiContext<'_>, view: &ViewState) -> bool {
    let review = painted_selection(view).and_then(|id| context.session?.finding(id));
    review.is_some_and(|review| !review.was_displayed && attention::painted_of(&review.finding, view).is_some())
}

/// A study that nobody has looked at opens on its first flagged finding.
fn first_selection(context: &UiContext<'_>, view: &mut ViewState) {
    let (Some(study), Some(session)) = (context.open_study, context.session) else { return };
    let is_untouched = hanging::is_untouched(view, &study.uid);
    let look = view.look_mut(&study.uid);
    let is_gone = look.selected.as_ref().is_some_and(|id| session.finding(id).is_none());
    if is_gone {
        look.selected = None;
    }
    let first = session.findings().first().filter(|review| is_untouched && review.finding.is_flagged());
    if let Some(id) = first.map(|review| review.finding.id.clone()) {
        deciding::select(context, view, &id);
    }
}

/// A request stands until it changes; it is repeated once in a while in case it was lost.
fn ask_for_frames(ui: &Ui, view: &mut ViewState, wanted: Vec<FrameKey>, actions: &mut Vec<Action>) {
    if !wanted.is_empty() {
        ui.ctx().request_repaint_after(Duration::from_secs_f64(ASK_AGAIN_S));
    }
    if view.transient.frames.must_ask(&wanted, ui.ctx().time()) {
        actions.push(ViewAction::WantFrames(wanted).into());
    }
}

fn dropped_files(ui: &Ui, actions: &mut Vec<Action>) {
    let paths: Vec<PathBuf> =
        ui.input(|input| input.raw.dropped_files.iter().map(|file| file.path().to_path_buf()).collect());
    if !paths.is_empty() {
        actions.push(OpenAction::Paths(paths).into());
    }
}
