//! What the mouse does.

use egui::{ComboBox, Role, Slider, Ui, WidgetInfo};

use crate::ui::dialogs::settings::{heading, remark};
use crate::ui::preferences::{DragAction, Preferences, SENSITIVITIES};

pub fn mouse_ui(ui: &mut Ui, wanted: &mut Preferences) {
    let mouse = &mut wanted.mouse;
    heading(ui, "Hand");
    ui.checkbox(&mut mouse.is_left_handed, "Left-handed mouse");
    remark(ui, "The left and the right button change places, on the whole screen.");
    heading(ui, "Dragging on a picture");
    egui::Grid::new("buttons").num_columns(2).spacing([16.0, 6.0]).show(ui, |ui| {
        // Named as they lie under a left hand's fingers, too.
        let (main, second) = if mouse.is_left_handed { ("Right", "Left") } else { ("Left", "Right") };
        for (button, action) in [(main, &mut mouse.main), ("Middle", &mut mouse.middle), (second, &mut mouse.second)] {
            ui.label(format!("{button} button"));
            action_ui(ui, button, action);
            ui.end_row();
        }
    });
    remark(ui, "A tool that is chosen takes the main button. The other one opens the menu when it is only clicked.");
    ui.checkbox(&mut mouse.keeps_tool, "A measuring tool stays after it has drawn");
    heading(ui, "Window width and level by dragging");
    ui.checkbox(&mut mouse.inverts_level, "Down is brighter");
    remark(ui, "Otherwise dragging down raises the level, and the picture darkens.");
    ui.horizontal(|ui| {
        ui.label("Sensitivity");
        let slider = Slider::new(&mut mouse.window_sensitivity, SENSITIVITIES).logarithmic(true).fixed_decimals(2);
        let response = ui.add(slider.suffix(" ×"));
        let factor = mouse.window_sensitivity;
        response.widget_info(|| WidgetInfo::slider(true, factor, "Sensitivity of the window drag"));
        if ui.small_button("Usual").on_hover_text("1 ×, as other workstations have it").clicked() {
            mouse.window_sensitivity = 1.0;
        }
    });
}

fn action_ui(ui: &mut Ui, button: &str, action: &mut DragAction) {
    let choice = ComboBox::from_id_salt(("drag", button)).width(200.0).selected_text(action.word());
    let response = choice.show_ui(ui, |ui| {
        for one in DragAction::ALL {
            ui.selectable_value(action, one, one.word());
        }
    });
    let label = format!("{button} button drags");
    response.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, &label));
}
