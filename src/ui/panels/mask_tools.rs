//! The tool in hand and how it is set, and the operations on whole masks.

use egui::{DragValue, RichText, Role, Slider, Ui, WidgetInfo};

use crate::segmentation::intensities::ValueRange;
use crate::segmentation::margin::Within;
use crate::segmentation::operation::Operation;
use crate::ui::context::UiContext;
use crate::ui::masks::keys::MaskKey;
use crate::ui::masks::{Combine, MaskTool, acts, proposing, segments};
use crate::ui::shortcuts::{KeyCommand, hint};
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;

pub fn tools_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    ui.label(RichText::new("Tool").color(theme().text.strong));
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for tool in MaskTool::ALL {
            let is_on = view.transient.masks.settings.tool == tool;
            let tip = hint(ui.ctx(), tool.instruction(), KeyCommand::Mask(MaskKey::Choose(tool)));
            let response = ui.selectable_label(is_on, tool.word()).on_hover_text(tip);
            response.widget_info(|| {
                WidgetInfo::selected(Role::RadioButton, true, is_on, format!("Mask tool: {}", tool.word()))
            });
            if response.clicked() {
                view.transient.masks.choose(tool);
            }
        }
    });
    let words = view.transient.masks.settings.tool.instruction();
    ui.label(RichText::new(words).small().color(theme().text.weak));
    match view.transient.masks.settings.tool {
        MaskTool::Brush | MaskTool::Eraser => brush_ui(ui, view),
        MaskTool::RangeBrush => {
            brush_ui(ui, view);
            range_ui(ui, context, view);
        }
        MaskTool::Lasso | MaskTool::Polygon | MaskTool::LiveWire => outline_ui(ui, view),
        MaskTool::GrowRegion => growth_ui(ui, context, view),
        MaskTool::Smart => smart_ui(ui, context, view),
        MaskTool::Fill | MaskTool::Island => {}
    }
}

fn unit(view: &ViewState) -> &'static str {
    let has_mm = view.transient.masks.open.as_ref().is_none_or(|desk| desk.base.has_mm);
    if has_mm { " mm" } else { " px" }
}

fn has_stack(view: &ViewState) -> bool {
    view.transient.masks.open.as_ref().is_some_and(|desk| desk.is_stack())
}

fn brush_ui(ui: &mut Ui, view: &mut ViewState) {
    let unit = unit(view);
    let has_stack = has_stack(view);
    let is_upright = view.transient.masks.open.as_ref().is_some_and(|desk| desk.base.is_upright);
    let settings = &mut view.transient.masks.settings;
    ui.horizontal(|ui| {
        ui.label(RichText::new("Radius").small().color(theme().text.weak));
        ui.spacing_mut().slider_width = 110.0;
        let slider = Slider::new(&mut settings.radius_mm, 0.2..=100.0).logarithmic(true).suffix(unit).max_decimals(1);
        let tip = hint(ui.ctx(), "Shift + wheel, or these keys", KeyCommand::Mask(MaskKey::Larger));
        let response = ui.add(slider).on_hover_text(tip);
        let radius = settings.radius_mm;
        response.widget_info(|| WidgetInfo::slider(true, radius, "Brush radius"));
        if has_stack {
            let tip = hint(ui.ctx(), "Through the slices too", KeyCommand::Mask(MaskKey::Sphere));
            let tip = if is_upright {
                tip
            } else {
                "The slices are tilted or unevenly spaced: the brush stays in one".to_owned()
            };
            ui.add_enabled(is_upright, egui::Checkbox::new(&mut settings.is_sphere, RichText::new("Ball").small()))
                .on_hover_text(tip.clone())
                .on_disabled_hover_text(tip);
        }
    });
    // Only who has a pen is asked about it
    if ui.input(|input| input.any_touches()) {
        let tip = "Pressed less, the pen paints a smaller spot";
        ui.checkbox(&mut settings.heeds_pressure, RichText::new("Pen pressure").small()).on_hover_text(tip);
    }
}

/// Lowest and highest value of the threshold brush and the threshold.
fn range_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let usual = acts::usual_range(context, view).unwrap_or(ValueRange { low: 0.0, high: 255.0 });
    let width = usual.high - usual.low;
    let settings = &mut view.transient.masks.settings;
    let range = settings.range.get_or_insert(ValueRange { low: usual.low + width * 0.5, high: usual.high });
    ui.horizontal(|ui| {
        ui.label(RichText::new("Values").small().color(theme().text.weak));
        let speed = (width / 400.0).max(1e-3);
        let response = ui.add(DragValue::new(&mut range.low).speed(speed).max_decimals(2));
        let low = range.low;
        response.widget_info(|| WidgetInfo::slider(true, low, "Lowest value"));
        ui.label(RichText::new("to").small().color(theme().text.weak));
        let response = ui.add(DragValue::new(&mut range.high).speed(speed).max_decimals(2));
        let high = range.high;
        response.widget_info(|| WidgetInfo::slider(true, high, "Highest value"));
        if range.low > range.high {
            std::mem::swap(&mut range.low, &mut range.high);
        }
        // What is inside goes out, what is outside comes in
        if ui.small_button("Invert").on_hover_text("The values on the other side of the range").clicked() {
            let is_upper = (usual.high - range.high).abs() < (range.low - usual.low).abs();
            *range = match is_upper {
                true => ValueRange { low: usual.low, high: range.low },
                false => ValueRange { low: range.high, high: usual.high },
            };
        }
    });
    let range = *range;
    ui.horizontal(|ui| {
        let tip = "All of the picture or stack within the range comes to the segment";
        if ui.small_button("Add all in range").on_hover_text(tip).clicked() {
            acts::run(context, view, Operation::Threshold { range });
        }
        if ui.small_button("Keep only in range").on_hover_text("What lies outside of the range is removed").clicked() {
            acts::run(context, view, Operation::KeepWithin { range });
        }
    });
}

fn outline_ui(ui: &mut Ui, view: &mut ViewState) {
    let has_stack = has_stack(view);
    let settings = &mut view.transient.masks.settings;
    ui.horizontal(|ui| {
        for combine in Combine::ALL {
            let response = ui.selectable_value(&mut settings.combine, combine, combine.word());
            let is_on = settings.combine == combine;
            response.widget_info(|| {
                WidgetInfo::selected(Role::RadioButton, true, is_on, format!("Outline: {}", combine.word()))
            });
        }
        if has_stack {
            let tip = "After an outline is closed the next slice comes";
            ui.checkbox(&mut settings.advances_slice, RichText::new("Next slice").small()).on_hover_text(tip);
        }
    });
}

fn within_ui(ui: &mut Ui, view: &mut ViewState) {
    if !has_stack(view) {
        return;
    }
    let settings = &mut view.transient.masks.settings;
    for (within, word) in [(Within::Volume, "3-D"), (Within::Slice, "In each slice")] {
        let response = ui.selectable_value(&mut settings.within, within, RichText::new(word).small());
        let is_on = settings.within == within;
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, is_on, format!("Within: {word}")));
    }
}

fn growth_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let tolerance = acts::tolerance(context, view);
    let unit = unit(view);
    ui.horizontal(|ui| within_ui(ui, view));
    let settings = &mut view.transient.masks.settings;
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("Tolerance ±").small().color(theme().text.weak));
        let speed = (tolerance / 50.0).max(1e-3);
        ui.add(DragValue::new(&mut settings.tolerance).speed(speed).range(1e-6..=1e9).max_decimals(2))
            .on_hover_text("Values this far from the clicked one come in");
        ui.label(RichText::new("Leak guard").small().color(theme().text.weak));
        ui.add(DragValue::new(&mut settings.guard_mm).speed(0.05).range(0.0..=50.0).max_decimals(1).suffix(unit))
            .on_hover_text("Necks narrower than twice this are not passed; 0 for no guard");
        ui.label(RichText::new("Reach").small().color(theme().text.weak));
        ui.add(DragValue::new(&mut settings.reach_mm).speed(0.5).range(1.0..=500.0).max_decimals(0).suffix(unit))
            .on_hover_text("No farther from the clicked place than this");
    });
}

fn smart_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let masks = &mut view.transient.masks;
    let Some(smart) = masks.in_hand.proposal.as_mut().filter(|smart| smart.is_ready()) else {
        return;
    };
    let mut is_accepted = false;
    let mut is_dropped = false;
    ui.horizontal(|ui| {
        ui.label(RichText::new("Extent").small().color(theme().text.weak));
        ui.spacing_mut().slider_width = 140.0;
        let response = ui.add(Slider::new(&mut smart.share, 0.02..=1.0).show_value(false));
        let share = smart.share;
        response.widget_info(|| WidgetInfo::slider(true, share, "Extent of the proposal"));
        is_accepted = ui.small_button("Take").on_hover_text("Add it to the segment  (Enter)").clicked();
        is_dropped = ui.small_button("Drop").on_hover_text("Leave it  (Esc)").clicked();
    });
    smart.follow_slider();
    if is_accepted {
        proposing::accept(context, view);
    } else if is_dropped {
        masks.in_hand.proposal = None;
    }
}

/// The operations on the whole mask.
pub fn operations_ui(ui: &mut Ui, context: &UiContext<'_>, view: &mut ViewState) {
    let has_stack = has_stack(view);
    let unit = unit(view);
    let running = view.transient.masks.work.running.as_ref().map(|running| running.words);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Whole segment").color(theme().text.strong));
        match running {
            Some(words) => {
                ui.spinner();
                ui.label(RichText::new(format!("{words}…")).small().color(theme().text.weak));
            }
            None => within_ui(ui, view),
        }
    });
    let within = view.transient.masks.settings.within;
    let mut wanted = None;
    let amounts = &mut view.transient.masks.settings.amounts;
    ui.horizontal(|ui| {
        let value = DragValue::new(&mut amounts.margin_mm).speed(0.05).range(0.1..=50.0).max_decimals(1).suffix(unit);
        ui.add(value).on_hover_text("Margin");
        wanted = wanted.take().or(button(ui, "Grow", MaskKey::Grow, Operation::Grow { mm: amounts.margin_mm, within }));
        wanted = wanted.take().or(button(
            ui,
            "Shrink",
            MaskKey::Shrink,
            Operation::Shrink { mm: amounts.margin_mm, within },
        ));
    });
    ui.horizontal(|ui| {
        let value = DragValue::new(&mut amounts.smooth_mm).speed(0.05).range(0.5..=30.0).max_decimals(1).suffix(unit);
        ui.add(value).on_hover_text("Size of the box that smoothing looks at");
        wanted = wanted.take().or(button(ui, "Smooth", MaskKey::Smooth, Operation::Median { mm: amounts.smooth_mm }));
        let tip = "All unlocked segments together, without gaps between them";
        if ui.small_button("Jointly").on_hover_text(tip).clicked() {
            wanted = Some(Operation::JointSmooth { mm: amounts.smooth_mm });
        }
    });
    ui.horizontal(|ui| {
        let size_unit = match (unit, has_stack) {
            (" px", _) => " px",
            (_, true) => " mm³",
            (_, false) => " mm²",
        };
        let value =
            DragValue::new(&mut amounts.island_mm).speed(1.0).range(0.0..=1e6).max_decimals(0).suffix(size_unit);
        ui.add(value).on_hover_text("Islands smaller than this are removed");
        if ui.small_button("Remove small").on_hover_text("Remove the islands that are smaller").clicked() {
            wanted = Some(Operation::RemoveSmallIslands { mm: amounts.island_mm });
        }
        wanted = wanted.take().or(button(ui, "Keep largest", MaskKey::KeepLargest, Operation::KeepLargestIsland));
    });
    let fill = if within == Within::Slice { Operation::FillHolesBySlice } else { Operation::FillHoles };
    let (mut splits, mut mirrors, mut copies) = (false, false, false);
    ui.horizontal_wrapped(|ui| {
        wanted = wanted.take().or(button(ui, "Fill holes", MaskKey::FillHoles, fill));
        splits = ui.small_button("Split islands").on_hover_text("Each island to an empty segment of its own").clicked();
        mirrors =
            ui.small_button("Mirror").on_hover_text("The other side of the picture's middle comes in too").clicked();
        if has_stack {
            wanted = wanted.take().or(button(ui, "Interpolate", MaskKey::Interpolate, Operation::InterpolateSlices));
            let tip =
                hint(ui.ctx(), "Copy this slice onto the next and go there", KeyCommand::Mask(MaskKey::CopyToNext));
            copies = ui.small_button("Copy to next").on_hover_text(tip).clicked();
        }
        if ui.small_button("Clear").on_hover_text("Remove all voxels of the segment; undo brings them back").clicked() {
            wanted = Some(Operation::Clear);
        }
    });
    if splits {
        segments::split_islands(context, view);
    } else if mirrors {
        acts::mirror(context, view);
    } else if copies {
        acts::copy_to_next(context, view, 1);
    } else if let Some(operation) = wanted {
        acts::run(context, view, operation);
    }
}

fn button(ui: &mut Ui, words: &str, key: MaskKey, operation: Operation) -> Option<Operation> {
    let tip = hint(ui.ctx(), words, KeyCommand::Mask(key));
    ui.small_button(words).on_hover_text(tip).clicked().then_some(operation)
}
