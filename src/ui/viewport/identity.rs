//! Whose pictures are on screen: a banner when they are of two people, and a word on pictures of another study.

use egui::{Align2, FontId, Painter, Rect, Role, Sense, Ui, WidgetInfo, pos2};

use crate::domain::patient::Patient;
use crate::domain::study::Study;
use crate::ui::context::UiContext;
use crate::ui::theme::theme;
use crate::ui::view_state::ViewState;
use crate::ui::viewport::shown::series_in_pane;
use crate::ui::widgets::outlined_text::plated_text;
use crate::ui::words::{date, time_before};

const BANNER_HEIGHT: f32 = 30.0;

/// Draws the banner where it is due; returns the place that is left.
pub fn banner_ui(ui: &mut Ui, context: &UiContext<'_>, view: &ViewState, rect: Rect) -> Rect {
    let people = people_on_screen(context, view);
    if people.len() < 2 {
        return rect;
    }
    let banner = Rect::from_min_max(rect.min, pos2(rect.max.x, rect.min.y + BANNER_HEIGHT));
    let names = people.iter().map(|patient| who(patient, view.is_identity_hidden)).collect::<Vec<_>>().join("  |  ");
    let text = format!("TWO PATIENTS ON SCREEN:  {names}");
    let response = ui.interact(banner, ui.scope_id().with("two patients"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Alert, true, &text));
    let painter = ui.painter_at(banner);
    painter.rect_filled(banner, 0.0, theme().state.alarm);
    let font = FontId::proportional(15.0);
    painter.text(banner.center(), Align2::CENTER_CENTER, text, font, theme().text.strong.into());
    rect.with_min_y(banner.max.y)
}

/// Each patient whose pictures stand in a visible pane, once.
fn people_on_screen<'a>(context: &UiContext<'a>, view: &ViewState) -> Vec<&'a Patient> {
    let Some(open) = context.open_study else { return Vec::new() };
    let Some(look) = view.look(&open.uid) else { return Vec::new() };
    let mut people: Vec<&Patient> = Vec::new();
    for pane in look.stage.visible() {
        if let Some((study, _)) = series_in_pane(context, Some(look), pane)
            && !people.iter().any(|known| is_same_person(known, &study.patient))
        {
            people.push(&study.patient);
        }
    }
    people
}

/// The same ID, and nothing that contradicts it. Without an ID nobody is known to be the same.
pub fn is_same_person(a: &Patient, b: &Patient) -> bool {
    let agrees = |a: &str, b: &str| a.is_empty() || b.is_empty() || a.eq_ignore_ascii_case(b);
    a == b
        || !a.id.trim().is_empty()
            && a.id.trim() == b.id.trim()
            && agrees(a.display_name().trim(), b.display_name().trim())
            && agrees(&a.birth_date, &b.birth_date)
            && agrees(&a.sex, &b.sex)
}

fn who(patient: &Patient, is_hidden: bool) -> String {
    if is_hidden {
        return "identity hidden".to_owned();
    }
    let name = patient.display_name();
    let name = if name.is_empty() { "No patient name".to_owned() } else { name };
    format!("{name}  ID {}  {}", patient.id, date(&patient.birth_date))
}

/// Says of a picture that it is not of the open study, and from when it is. Returns where the line ends.
pub fn other_study_ui(painter: &Painter, area: Rect, context: &UiContext<'_>, study: &Study) -> f32 {
    let is_prior = context.open_study.is_some_and(|open| {
        is_same_person(&open.patient, &study.patient) && !study.date.is_empty() && study.date < open.date
    });
    let what = if is_prior { "Prior" } else { "Other study" };
    let ago = context.open_study.filter(|_| is_prior).and_then(|open| time_before(&study.date, &open.date));
    let first = format!("{what}  {}", date(&study.date));
    let lines = match ago {
        Some(ago) if area.width() < 640.0 => vec![first, ago],
        Some(ago) => vec![format!("{first}  {ago}")],
        None => vec![first],
    };
    let size = if area.width() < 520.0 { 12.0 } else { 14.0 };
    let mut at = pos2(area.center().x, area.top() + 8.0);
    for line in &lines {
        let font = FontId::proportional(size);
        plated_text(painter, at, Align2::CENTER_TOP, line.trim(), font, theme().marks.other_study);
        at.y += size + 6.0;
    }
    let font = FontId::proportional(11.0);
    plated_text(painter, at, Align2::CENTER_TOP, "Research use only", font, theme().marks.ai);
    at.y + 17.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patient(id: &str, name: &str, birth_date: &str) -> Patient {
        Patient { id: id.into(), name: name.into(), birth_date: birth_date.into(), sex: String::new() }
    }

    #[test]
    fn one_id_with_another_birth_date_or_name_is_another_person() {
        let jane = patient("7", "Doe^Jane", "19700101");
        assert!(is_same_person(&jane, &patient("7", "DOE^JANE", "")));
        assert!(!is_same_person(&jane, &patient("7", "Doe^Jane", "19700102")));
        assert!(!is_same_person(&jane, &patient("7", "Roe^Jane", "19700101")));
        assert!(!is_same_person(&jane, &patient("8", "Doe^Jane", "19700101")));
        assert!(!is_same_person(&patient("", "A", ""), &patient("", "B", "")));
    }
}
