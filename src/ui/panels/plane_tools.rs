//! What belongs to planes through a volume: opening them, and how thick they are.

use egui::{Button, ComboBox, DragValue, RichText, Role, Ui, WidgetInfo};

use crate::imaging::plane_grid::Projection;
use crate::ui::context::UiContext;
use crate::ui::keys::stage_key;
use crate::ui::planes::{self, PlanesView, THICKNESS_MM};
use crate::ui::shortcuts::{KeyCommand, StageKey, hint};
use crate::ui::view_state::ViewState;
use crate::ui::viewport::annotations::projection_words;

const PROJECTIONS: [Projection; 4] = [Projection::Single, Projection::Mip, Projection::MinIp, Projection::Mean];

pub fn plane_tools_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let Some(study) = context.open_study_uid() else { return };
    let pane = view.look(study).map_or(0, |look| look.stage.active);
    let is_plane = view.look(study).is_some_and(|look| planes::axis_of_pane(look, pane).is_some());
    toggle_ui(ui, context, view, is_plane);
    if !is_plane {
        return;
    }
    let look = view.look_mut(study);
    let Some((part, _)) = planes::volume_of_pane(context, look, pane) else { return };
    let known = look.planes.get(&part).cloned().unwrap_or_default();
    let mut wanted = known.clone();
    slab_ui(ui, &mut wanted);
    if wanted.oblique.is_some() {
        let response = ui.add(Button::new(RichText::new("Upright").small()));
        let response = response.on_hover_text("The oblique plane as at first");
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Oblique plane as at first"));
        if response.clicked() {
            wanted.oblique = None;
        }
    }
    if wanted != known {
        look.planes.insert(part, wanted);
    }
}

fn toggle_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState, is_plane: bool) {
    let obstacle = if is_plane { None } else { planes::obstacle(context, view) };
    let tip = hint(ui.ctx(), "Axial, coronal, sagittal and oblique planes (MPR)", KeyCommand::Stage(StageKey::Planes));
    let button = Button::new(RichText::new("Planes").small()).selected(is_plane);
    let response = ui.add_enabled(obstacle.is_none(), button);
    response.widget_info(|| {
        WidgetInfo::selected(Role::CheckBox, obstacle.is_none(), is_plane, "Planes through the volume")
    });
    let response = response.on_hover_text(tip);
    let response = match obstacle {
        Some(reason) => response.on_disabled_hover_text(format!("No planes: {reason}")),
        None => response,
    };
    if response.clicked() {
        stage_key(context, view, StageKey::Planes);
    }
}

fn slab_ui(ui: &mut Ui, planes: &mut PlanesView) {
    let tip = hint(ui.ctx(), "What a thick plane shows", KeyCommand::Stage(StageKey::Projection));
    let chosen = RichText::new(projection_words(planes.slab.projection)).small();
    let response = ComboBox::from_id_salt("projection")
        .selected_text(chosen)
        .width(64.0)
        .show_ui(ui, |ui| {
            for projection in PROJECTIONS {
                ui.selectable_value(&mut planes.slab.projection, projection, projection_words(projection));
            }
        })
        .response
        .on_hover_text(tip);
    response.widget_info(|| {
        WidgetInfo::labeled(Role::ComboBox, true, format!("Projection: {}", projection_words(planes.slab.projection)))
    });
    if planes.slab.projection == Projection::Single {
        return;
    }
    let value =
        DragValue::new(&mut planes.slab.thickness_mm).range(THICKNESS_MM).speed(0.5).max_decimals(1).suffix(" mm");
    ui.add(value)
        .on_hover_text("How thick the planes are  (Ctrl + Shift + wheel)")
        .widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Thickness of the planes, mm"));
}
