//! The one table of commands: what each is called, where it stands on the sheet, and which keys it has at first.
//!
//! A new command is one line here and one variant of its subject in `shortcuts`. Its name is written into settings
//! files, so it never changes. `shortcuts::key_map` lays the reader's own keys over these.

use egui::{Key, KeyboardShortcut, Modifiers};

use crate::ui::masks::MaskTool;
use crate::ui::masks::keys::MaskKey;
use crate::ui::shortcuts::{
    CaptureKey, CineKey, Group, HoldKey, KeyCommand, KeyContext, KeyImageKey, ProgramKey, ReviewKey, Shortcut,
    StageKey, ToolKey, ViewKey, WorkKey,
};
use crate::ui::stage::Layout;
use crate::ui::tools::Tool;

type Chords = &'static [KeyboardShortcut];

/// Gestures of the mouse, for the sheet.
pub const GESTURES: [(&str, &str); 16] = [
    ("Left drag", "Window width and level"),
    ("Shift + left drag", "Window over a region: mean ± 2 SD"),
    ("Middle drag", "Pan"),
    ("Right drag", "Zoom"),
    ("Right click", "Menu"),
    ("Wheel", "Scroll images"),
    ("Shift + wheel", "Scroll ten images"),
    ("Ctrl + wheel", "Zoom at the pointer"),
    ("Double click", "Maximize, restore"),
    ("Pinch", "Zoom"),
    ("Drag a line of a plane", "Move it; its handles turn it"),
    ("Shift + click", "Planes meet at that point"),
    ("Ctrl + Shift + wheel", "Thicker or thinner planes"),
    ("Shift + wheel, on a mask", "Larger or smaller brush"),
    ("Ctrl + drag, on a mask", "The tool the other way: remove for add"),
    ("Ctrl + click, on a mask", "Take up the segment there"),
];

const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

const fn review(command: ReviewKey, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    Shortcut::new(KeyCommand::Review(command), name, chords, Group::Review, words)
}

const fn work(command: WorkKey, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    Shortcut::new(KeyCommand::Work(command), name, chords, Group::Work, words)
}

const fn image(command: ViewKey, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    Shortcut::new(KeyCommand::View(command), name, chords, Group::Images, words)
}

const fn window(command: ViewKey, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    Shortcut::new(KeyCommand::View(command), name, chords, Group::Window, words)
}

const fn stage(command: StageKey, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    Shortcut::new(KeyCommand::Stage(command), name, chords, Group::Panes, words)
}

const fn layout(rows: u8, cols: u8, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    stage(StageKey::Layout(Layout { rows, cols }), name, chords, words)
}

const fn tool(tool: Tool, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    tools(ToolKey::Choose(tool), name, chords, words)
}

const fn tools(command: ToolKey, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    Shortcut::new(KeyCommand::Tool(command), name, chords, Group::Tools, words)
}

const fn mask(command: MaskKey, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    Shortcut::new(KeyCommand::Mask(command), name, chords, Group::Masks, words).within(KeyContext::Mask)
}

const fn mask_tool(tool: MaskTool, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    mask(MaskKey::Choose(tool), name, chords, words)
}

const fn program(command: ProgramKey, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    Shortcut::new(KeyCommand::Program(command), name, chords, Group::Program, words)
}

const fn hold(command: HoldKey, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    Shortcut::new(KeyCommand::Hold(command), name, chords, Group::Hold, words)
}

const fn cine(command: CineKey, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    Shortcut::new(KeyCommand::Cine(command), name, chords, Group::Images, words)
}

const fn key_image(command: KeyImageKey, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    Shortcut::new(KeyCommand::KeyImage(command), name, chords, Group::Images, words)
}

const fn capture(command: CaptureKey, name: &'static str, chords: Chords, words: &'static str) -> Shortcut {
    Shortcut::new(KeyCommand::Capture(command), name, chords, Group::Program, words)
}

// One line a command.
#[rustfmt::skip]
pub static SHORTCUTS: &[Shortcut] = &[
    review(ReviewKey::Accept, "review.accept", &[plain(Key::Enter)], "Accept the finding, go to the next unreviewed"),
    review(ReviewKey::Reject, "review.reject", &[plain(Key::Delete), plain(Key::Backspace)], "Reject, then choose reasons with 1 to 9"),
    review(ReviewKey::Uncertain, "review.uncertain", &[plain(Key::U)], "Uncertain: needs a second read"),
    review(ReviewKey::NotAssessable, "review.not_assessable", &[shift(Key::U)], "Not assessable"),
    review(ReviewKey::Details, "review.details", &[shift(Key::K)], "Severity, relevance, difficulty, confidence, name…"),
    review(ReviewKey::AcceptDisplayed, "review.accept_displayed", &[ctrl_shift(Key::Enter)], "Accept all undecided findings that were on screen"),
    review(ReviewKey::RejectDuplicates, "review.reject_duplicates", &[shift(Key::Delete)], "Reject those that repeat this finding, as duplicates"),
    review(ReviewKey::New, "review.new", &[plain(Key::N)], "Add a finding the model missed"),
    review(ReviewKey::Next, "review.next", &[plain(Key::J), plain(Key::Tab)], "Next finding"),
    review(ReviewKey::Previous, "review.previous", &[plain(Key::K), shift(Key::Tab)], "Previous finding"),
    review(ReviewKey::CycleOverlay, "review.cycle_overlay", &[plain(Key::O)], "Cycle the masks: off, outline, outline and fill"),
    review(ReviewKey::ToggleSaliency, "review.toggle_saliency", &[plain(Key::G)], "Where the network looked (Grad-CAM) on and off"),
    review(ReviewKey::Undo, "review.undo", &[ctrl(Key::Z)], "Undo"),
    review(ReviewKey::Redo, "review.redo", &[ctrl(Key::Y), ctrl_shift(Key::Z)], "Redo"),
    work(WorkKey::Worklist, "work.worklist", &[plain(Key::F2)], "Worklist, and back to the study"),
    work(WorkKey::NextStudy, "work.next_study", &[ctrl(Key::PageDown)], "Next study to read"),
    work(WorkKey::Claim, "work.claim", &[shift(Key::C)], "Claim the study, or release it"),
    work(WorkKey::LockAndReveal, "work.lock_and_reveal", &[shift(Key::L)], "Lock your answer and show the AI…"),
    work(WorkKey::Sign, "work.sign", &[shift(Key::Enter)], "Sign the study…"),
    work(WorkKey::Amend, "work.amend", &[], "Amend the signed study…"),
    work(WorkKey::Differences, "work.differences", &[plain(Key::F3)], "Compare two readers, adjudicate…"),
    hold(HoldKey::HideModel, "hold.hide_model", &[plain(Key::Q)], "Hide everything of the models"),
    hold(HoldKey::Magnify, "hold.magnify", &[plain(Key::Z)], "Magnify what is under the pointer; the wheel, how much"),
    image(ViewKey::Scroll(1), "view.next_image", &[plain(Key::ArrowDown), plain(Key::ArrowRight)], "Next image"),
    image(ViewKey::Scroll(-1), "view.previous_image", &[plain(Key::ArrowUp), plain(Key::ArrowLeft)], "Previous image"),
    image(ViewKey::Scroll(10), "view.ten_images_forward", &[shift(Key::ArrowDown)], "Ten images forward"),
    image(ViewKey::Scroll(-10), "view.ten_images_back", &[shift(Key::ArrowUp)], "Ten images back"),
    image(ViewKey::FirstImage, "view.first_image", &[plain(Key::Home)], "First image"),
    image(ViewKey::LastImage, "view.last_image", &[plain(Key::End)], "Last image"),
    image(ViewKey::NextSeries, "view.next_series", &[plain(Key::PageDown)], "Next series"),
    image(ViewKey::PreviousSeries, "view.previous_series", &[plain(Key::PageUp)], "Previous series"),
    image(ViewKey::Fit, "view.fit", &[plain(Key::Equals)], "Fit to the window"),
    image(ViewKey::ZoomIn, "view.zoom_in", &[plain(Key::Plus)], "Zoom in"),
    image(ViewKey::ZoomOut, "view.zoom_out", &[plain(Key::Minus)], "Zoom out"),
    image(ViewKey::RotateRight, "view.rotate_right", &[plain(Key::R)], "Rotate right"),
    image(ViewKey::RotateLeft, "view.rotate_left", &[plain(Key::L)], "Rotate left"),
    image(ViewKey::FlipHorizontal, "view.flip_horizontal", &[plain(Key::H)], "Flip left to right"),
    image(ViewKey::FlipVertical, "view.flip_vertical", &[plain(Key::V)], "Flip top to bottom"),
    image(ViewKey::ToggleGraphics, "view.toggle_graphics", &[plain(Key::F)], "Graphics of the file on and off"),
    image(ViewKey::Reset, "view.reset", &[plain(Key::Space)], "Reset the view"),
    key_image(KeyImageKey::Toggle, "key_image.toggle", &[shift(Key::M)], "Key image: mark it, or take the mark away"),
    key_image(KeyImageKey::Next, "key_image.next", &[ctrl(Key::ArrowRight)], "Next key image"),
    key_image(KeyImageKey::Previous, "key_image.previous", &[ctrl(Key::ArrowLeft)], "Previous key image"),
    cine(CineKey::Play, "cine.play", &[plain(Key::C)], "Play as a film, and stop"),
    cine(CineKey::Faster, "cine.faster", &[plain(Key::Period)], "Film faster"),
    cine(CineKey::Slower, "cine.slower", &[plain(Key::Comma)], "Film slower"),
    cine(CineKey::Bounce, "cine.bounce", &[], "Film there and back, or round and round"),
    window(ViewKey::Preset('1'), "view.preset_1", &[plain(Key::Num1)], "Preset 1"),
    window(ViewKey::Preset('2'), "view.preset_2", &[plain(Key::Num2)], "Preset 2"),
    window(ViewKey::Preset('3'), "view.preset_3", &[plain(Key::Num3)], "Preset 3"),
    window(ViewKey::Preset('4'), "view.preset_4", &[plain(Key::Num4)], "Preset 4"),
    window(ViewKey::Preset('5'), "view.preset_5", &[plain(Key::Num5)], "Preset 5"),
    window(ViewKey::Preset('6'), "view.preset_6", &[plain(Key::Num6)], "Preset 6"),
    window(ViewKey::Preset('7'), "view.preset_7", &[plain(Key::Num7)], "Preset 7"),
    window(ViewKey::Preset('8'), "view.preset_8", &[plain(Key::Num8)], "Preset 8"),
    window(ViewKey::WindowAuto, "view.window_auto", &[plain(Key::Num9)], "Automatic, percentiles 0.5 to 99.5"),
    window(ViewKey::WindowFromFile, "view.window_from_file", &[plain(Key::Num0)], "As the file says"),
    window(ViewKey::Invert, "view.invert", &[plain(Key::I)], "Invert"),
    window(ViewKey::Sigmoid, "view.sigmoid", &[shift(Key::I)], "Sigmoid curve on and off, same width and level"),
    window(ViewKey::WindowStep { width: 1, level: 0 }, "view.window_wider", &[alt(Key::ArrowRight)], "Wider"),
    window(ViewKey::WindowStep { width: -1, level: 0 }, "view.window_narrower", &[alt(Key::ArrowLeft)], "Narrower"),
    window(ViewKey::WindowStep { width: 0, level: 1 }, "view.level_up", &[alt(Key::ArrowDown)], "Raise the level, darker"),
    window(ViewKey::WindowStep { width: 0, level: -1 }, "view.level_down", &[alt(Key::ArrowUp)], "Lower the level, brighter"),
    layout(1, 1, "panes.1x1", &[ctrl(Key::Num1)], "One pane"),
    layout(1, 2, "panes.1x2", &[ctrl(Key::Num2)], "Two panes side by side"),
    layout(2, 1, "panes.2x1", &[ctrl(Key::Num3)], "Two panes, one above the other"),
    layout(2, 2, "panes.2x2", &[ctrl(Key::Num4)], "Four panes"),
    layout(1, 3, "panes.1x3", &[ctrl(Key::Num5)], "Three panes side by side"),
    layout(2, 3, "panes.2x3", &[ctrl(Key::Num6)], "Six panes"),
    layout(3, 3, "panes.3x3", &[ctrl(Key::Num9)], "Nine panes"),
    stage(StageKey::NextPane, "panes.next", &[shift(Key::ArrowRight)], "Next pane"),
    stage(StageKey::PreviousPane, "panes.previous", &[shift(Key::ArrowLeft)], "Previous pane"),
    stage(StageKey::Maximize, "panes.maximize", &[ctrl(Key::Enter)], "This pane alone, and back"),
    stage(StageKey::LinkScroll, "panes.link_scroll", &[plain(Key::S)], "Panes scroll together, on and off"),
    stage(StageKey::LinkAsTheyStand, "panes.link_as_they_stand", &[shift(Key::S)], "Panes scroll together from where they stand now"),
    stage(StageKey::LinkWindow, "panes.link_window", &[plain(Key::W)], "Panes share their window, on and off"),
    stage(StageKey::LinkZoom, "panes.link_zoom", &[plain(Key::Y)], "Panes share zoom and pan, on and off"),
    stage(StageKey::ReferenceLines, "panes.reference_lines", &[plain(Key::X)], "Lines where the active picture lies, on and off"),
    tool(Tool::Length, "tool.length", &[plain(Key::D)], "Length"),
    tool(Tool::Bidirectional, "tool.bidirectional", &[plain(Key::B)], "Two diameters at right angles"),
    tool(Tool::Angle, "tool.angle", &[plain(Key::A)], "Angle"),
    tool(Tool::Cobb, "tool.cobb", &[shift(Key::A)], "Cobb angle"),
    tool(Tool::Probe, "tool.probe", &[shift(Key::P)], "Value of a pixel"),
    tool(Tool::Rectangle, "tool.rectangle", &[shift(Key::R)], "Rectangle with its values"),
    tool(Tool::Ellipse, "tool.ellipse", &[shift(Key::E)], "Ellipse with its values"),
    tool(Tool::Freehand, "tool.freehand", &[shift(Key::F)], "Freehand region with its values"),
    tool(Tool::Arrow, "tool.arrow", &[shift(Key::T)], "Arrow"),
    tool(Tool::Text, "tool.text", &[plain(Key::T)], "Text"),
    tools(ToolKey::Remove, "tool.remove", &[plain(Key::Delete), plain(Key::Backspace)], "Remove the selected measurement").within(KeyContext::Measurement),
    tools(ToolKey::ToggleDrawings, "tool.toggle_drawings", &[shift(Key::D)], "Measurements on and off"),
    stage(StageKey::Planes, "panes.planes", &[plain(Key::M)], "Planes through the volume (MPR), and back"),
    stage(StageKey::Projection, "panes.projection", &[ctrl(Key::M)], "Thick planes: plane, MIP, MinIP, mean"),
    Shortcut::new(KeyCommand::Mask(MaskKey::Edit), "mask.edit", &[plain(Key::E)], Group::Masks, "Correct the mask of the finding, or segment the series"),
    mask_tool(MaskTool::Brush, "mask.brush", &[plain(Key::B)], "Brush"),
    mask_tool(MaskTool::Eraser, "mask.eraser", &[plain(Key::E)], "Eraser"),
    mask_tool(MaskTool::RangeBrush, "mask.range_brush", &[plain(Key::T)], "Threshold brush"),
    mask_tool(MaskTool::Lasso, "mask.lasso", &[plain(Key::L)], "Lasso"),
    mask_tool(MaskTool::Polygon, "mask.polygon", &[plain(Key::P)], "Polygon"),
    mask_tool(MaskTool::LiveWire, "mask.live_wire", &[plain(Key::W)], "Live-wire along an edge"),
    mask_tool(MaskTool::Fill, "mask.fill", &[plain(Key::F)], "Fill an empty region"),
    mask_tool(MaskTool::GrowRegion, "mask.grow_region", &[plain(Key::R)], "Grow a region of like values"),
    mask_tool(MaskTool::Smart, "mask.smart", &[plain(Key::A)], "Smart click"),
    mask_tool(MaskTool::Island, "mask.island", &[plain(Key::K)], "Keep or remove an island"),
    mask(MaskKey::FormerTool, "mask.former_tool", &[plain(Key::Space)], "The tool before, and back"),
    mask(MaskKey::Smaller, "mask.smaller", &[plain(Key::OpenBracket)], "Smaller brush"),
    mask(MaskKey::Larger, "mask.larger", &[plain(Key::CloseBracket)], "Larger brush"),
    mask(MaskKey::Sphere, "mask.sphere", &[plain(Key::D)], "Brush as a ball through the slices, or a disc"),
    mask(MaskKey::NextSegment, "mask.next_segment", &[plain(Key::Tab)], "Next segment"),
    mask(MaskKey::PreviousSegment, "mask.previous_segment", &[shift(Key::Tab)], "Previous segment"),
    mask(MaskKey::NewSegment, "mask.new_segment", &[plain(Key::N)], "New segment"),
    mask(MaskKey::LockSegment, "mask.lock_segment", &[shift(Key::L)], "Lock or unlock the segment"),
    mask(MaskKey::Ghost, "mask.ghost", &[plain(Key::V)], "The model's outline as a ghost, on and off"),
    mask(MaskKey::CopyToNext, "mask.copy_to_next", &[plain(Key::C)], "Copy to the next slice and go there"),
    mask(MaskKey::CopyToPrevious, "mask.copy_to_previous", &[shift(Key::C)], "Copy to the slice before and go there"),
    mask(MaskKey::Interpolate, "mask.interpolate", &[plain(Key::I)], "Fill the slices between drawn ones"),
    mask(MaskKey::FillHoles, "mask.fill_holes", &[plain(Key::H)], "Fill holes"),
    mask(MaskKey::Smooth, "mask.smooth", &[plain(Key::S)], "Smooth"),
    mask(MaskKey::Grow, "mask.grow", &[plain(Key::Plus)], "Grow by the margin"),
    mask(MaskKey::Shrink, "mask.shrink", &[plain(Key::Minus)], "Shrink by the margin"),
    mask(MaskKey::KeepLargest, "mask.keep_largest", &[shift(Key::K)], "Keep the largest island"),
    mask(MaskKey::Accept, "mask.accept", &[plain(Key::Enter)], "Close the outline, take the proposal, or accept the mask and go on"),
    mask(MaskKey::Revise, "mask.revise", &[ctrl_shift(Key::Enter)], "Keep a revision and go on correcting"),
    program(ProgramKey::OpenFolder, "program.open_folder", &[ctrl(Key::O)], "Open folder…"),
    program(ProgramKey::OpenFiles, "program.open_files", &[ctrl_shift(Key::O)], "Open files…"),
    program(ProgramKey::Export, "program.export", &[ctrl(Key::E)], "Export…"),
    program(ProgramKey::Copies, "program.copies", &[ctrl_shift(Key::E)], "De-identified copy…"),
    capture(CaptureKey::SavePane, "capture.save_pane", &[ctrl(Key::S)], "Save the picture on screen…"),
    capture(CaptureKey::SaveAll, "capture.save_all", &[ctrl_shift(Key::S)], "Save all panes as one picture…"),
    capture(CaptureKey::CopyPane, "capture.copy_pane", &[ctrl_shift(Key::C)], "Copy the picture on screen"),
    program(ProgramKey::HideIdentity, "program.hide_identity", &[plain(Key::P)], "Hide who the patient is"),
    program(ProgramKey::Shortcuts, "program.shortcuts", &[plain(Key::F1)], "All keys on one sheet"),
    program(ProgramKey::Settings, "program.settings", &[ctrl(Key::Comma)], "Settings…"),
    program(ProgramKey::Commands, "program.commands", &[ctrl(Key::K), ctrl_shift(Key::P)], "Find a command…"),
    program(ProgramKey::LargerText, "program.larger_text", &[ctrl(Key::Plus), ctrl(Key::Equals)], "Larger text"),
    program(ProgramKey::SmallerText, "program.smaller_text", &[ctrl(Key::Minus)], "Smaller text"),
    program(ProgramKey::UsualText, "program.usual_text", &[ctrl(Key::Num0)], "Text of the usual size"),
    program(ProgramKey::TestPattern, "program.test_pattern", &[ctrl_shift(Key::T)], "Test pattern of the display…"),
    program(ProgramKey::Header, "program.header", &[ctrl(Key::I)], "Attributes of the file on screen…"),
    program(ProgramKey::FocusPanels, "program.focus_panels", &[plain(Key::F6)], "Move the keyboard between picture and panels"),
    program(ProgramKey::Cancel, "program.cancel", &[plain(Key::Escape)], "Cancel, close"),
    program(ProgramKey::Quit, "program.quit", &[ctrl(Key::Q)], "Quit; every decision is kept first"),
];
