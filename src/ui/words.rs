//! How numbers, dates and names are written on the screen.

/// `YYYYMMDD` as `YYYY-MM-DD`; anything else as it stands.
pub fn date(text: &str) -> String {
    match (text.len(), text.get(..4), text.get(4..6), text.get(6..8)) {
        (8, Some(year), Some(month), Some(day)) => format!("{year}-{month}-{day}"),
        _ => text.to_owned(),
    }
}

/// `HHMMSS.ffffff` as `HH:MM:SS`; anything else as it stands.
pub fn time(text: &str) -> String {
    let whole = text.split('.').next().unwrap_or(text);
    match (whole.len(), whole.get(..2), whole.get(2..4), whole.get(4..6)) {
        (6, Some(hour), Some(minute), Some(second)) => format!("{hour}:{minute}:{second}"),
        (4, Some(hour), Some(minute), _) => format!("{hour}:{minute}"),
        _ => text.to_owned(),
    }
}

/// Age in whole years (months below two years) on `day`, both `YYYYMMDD`.
pub fn age_at(birth: &str, day: &str) -> Option<String> {
    match months_between(birth, day)? {
        ..0 => None,
        months @ 0..24 => Some(format!("{months} months")),
        months => Some(format!("{} y", months / 12)),
    }
}

/// How long `earlier` lies before `later`, both `YYYYMMDD`: `3 days earlier`, `8 months earlier`.
pub fn time_before(earlier: &str, later: &str) -> Option<String> {
    let n_days = day_number(later)? - day_number(earlier)?;
    let n_months = months_between(earlier, later)?;
    match (n_days, n_months) {
        (..0, _) => None,
        (0, _) => Some("same day".to_owned()),
        (1, _) => Some("1 day earlier".to_owned()),
        (..60, _) => Some(format!("{n_days} days earlier")),
        (_, ..24) => Some(format!("{n_months} months earlier")),
        _ => Some(format!("{} years earlier", n_months / 12)),
    }
}

/// Whole months from one day to another, both `YYYYMMDD`.
fn months_between(from: &str, to: &str) -> Option<i32> {
    let ((from_year, from_month, from_day), (year, month, day)) = (calendar(from)?, calendar(to)?);
    Some((year - from_year) * 12 + month - from_month - i32::from(day < from_day))
}

/// Days since a day long ago (H. Hinnant, "chrono-compatible low-level date algorithms").
fn day_number(date: &str) -> Option<i32> {
    let (year, month, day) = calendar(date)?;
    let year = year - i32::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(year * 365 + year / 4 - year / 100 + year / 400 + day_of_year)
}

/// Year, month and day of `YYYYMMDD`; `None` for a day that no calendar has: an age from it would be made up.
fn calendar(text: &str) -> Option<(i32, i32, i32)> {
    let all_digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse().ok();
    all_digits.then_some(())?;
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let n_days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i32::from(is_leap),
        _ => 31,
    };
    ((1..=12).contains(&month) && (1..=n_days).contains(&day)).then_some((year, month, day))
}

/// Digits as cornerstone rounds them: 100 and more none, 10 and more one, below two.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let is_whole = (value - value.round()).abs() < 1e-9;
    if size >= 100.0 || is_whole {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// A measurement with its UCUM unit in a reader's words.
pub fn quantity(value: f64, unit: &str) -> String {
    match unit {
        "1" => format!("{value:.2}"),
        "{pixels}" => format!("{} px", number(value)),
        "mm2" => format!("{} mm²", number(value)),
        "mm3" => format!("{} mm³", number(value)),
        "[hnsf'U]" => format!("{value:.0} HU"),
        "cm2" => format!("{} cm²", number(value)),
        "%" => format!("{} %", number(value)),
        _ => format!("{} {unit}", number(value)),
    }
}

/// A span of time as people say it: `40 s`, `12 min`, `3 h`, `5 d`.
pub fn span(seconds: f64) -> String {
    match seconds {
        ..60.0 => format!("{seconds:.0} s"),
        ..3600.0 => format!("{:.0} min", seconds / 60.0),
        ..172_800.0 => format!("{:.0} h", seconds / 3600.0),
        _ => format!("{:.0} d", seconds / 86_400.0),
    }
}

/// At most `n_chars` characters, the last an ellipsis when something was cut.
pub fn clipped(text: &str, n_chars: usize) -> String {
    if text.chars().count() <= n_chars {
        return text.to_owned();
    }
    let kept: String = text.chars().take(n_chars.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// `1 image`, `2 images`.
pub fn counted(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// `999`, `10,000`.
pub fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_times_and_ages_read_as_people_write_them() {
        assert_eq!([0, 999, 1000, 10_000, 1_234_567].map(grouped), ["0", "999", "1,000", "10,000", "1,234,567"]);
        assert_eq!(date("20260131"), "2026-01-31");
        assert_eq!(date("2026"), "2026");
        assert_eq!(time("093005.123"), "09:30:05");
        assert_eq!(age_at("19600601", "20260531").as_deref(), Some("65 y"));
        assert_eq!(age_at("20260101", "20260531").as_deref(), Some("4 months"));
        assert_eq!(age_at("20270101", "20260531"), None);
        assert_eq!(age_at("", "20260531"), None);
    }

    #[test]
    fn numbers_have_the_digits_their_size_deserves() {
        assert_eq!(
            [number(1500.0), number(123.4), number(22.54), number(1.234), number(-600.0)],
            ["1500", "123", "22.5", "1.23", "-600"]
        );
        assert_eq!(quantity(0.524, "1"), "0.52");
        assert_eq!(quantity(12.0, "{pixels}"), "12 px");
        assert_eq!(clipped("abcdefgh", 5), "abcd…");
    }
}
