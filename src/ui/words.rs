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
    let parts = |text: &str| -> Option<(i32, i32, i32)> {
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
        // An age from a day that no calendar has would be made up
        ((1..=12).contains(&month) && (1..=n_days).contains(&day)).then_some((year, month, day))
    };
    let ((birth_year, birth_month, birth_day), (year, month, day)) = (parts(birth)?, parts(day)?);
    let months = (year - birth_year) * 12 + month - birth_month - i32::from(day < birth_day);
    match months {
        ..0 => None,
        0..24 => Some(format!("{months} months")),
        _ => Some(format!("{} y", months / 12)),
    }
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
        "cm2" => format!("{} cm²", number(value)),
        "%" => format!("{} %", number(value)),
        _ => format!("{} {unit}", number(value)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_times_and_ages_read_as_people_write_them() {
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
