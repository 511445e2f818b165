//! A real window in which nothing happens: what it costs the processor.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::app::cli::bench::scratch::Scratch;

const WATCHED: Duration = Duration::from_secs(10);
/// To open the study and run the models on it.
const SETTLES_WITHIN: Duration = Duration::from_secs(180);

/// Percent of one processor over ten seconds, once the program has come to rest. Linux with a display only.
pub fn percent() -> Result<f64, String> {
    let folder = Scratch::within(&std::env::temp_dir())?;
    let configuration = folder.path().join(".config/overread");
    std::fs::create_dir_all(&configuration).map_err(|error| error.to_string())?;
    let settings = serde_json::json!({ "reader": "Bench", "has_accepted_research_use": true });
    std::fs::write(configuration.join("settings.json"), settings.to_string()).map_err(|error| error.to_string())?;
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.arg("demo").env("HOME", folder.path()).env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME");
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?;
    let mut window = Window(child);
    settle(&mut window)?;
    let before = window.processor_seconds()?;
    std::thread::sleep(WATCHED);
    Ok((window.processor_seconds()? - before) / WATCHED.as_secs_f64() * 100.0)
}

/// Waits for three quiet seconds in a row, after the first ten.
fn settle(window: &mut Window) -> Result<(), String> {
    let began = Instant::now();
    std::thread::sleep(Duration::from_secs(10));
    let (mut n_quiet, mut before) = (0, window.processor_seconds()?);
    while n_quiet < 3 {
        if began.elapsed() > SETTLES_WITHIN {
            return Err("the window did not come to rest".to_owned());
        }
        std::thread::sleep(Duration::from_secs(1));
        let now = window.processor_seconds()?;
        n_quiet = if now - before < 0.05 { n_quiet + 1 } else { 0 };
        before = now;
    }
    Ok(())
}

struct Window(Child);

impl Window {
    /// Of all its threads, in the program and in the system.
    fn processor_seconds(&mut self) -> Result<f64, String> {
        if let Ok(Some(status)) = self.0.try_wait() {
            return Err(format!("the window closed by itself: {status}"));
        }
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).map_err(|error| error.to_string())?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
        // Hundredths of a second on every Linux.
        Ok((ticks(11) + ticks(12)) / 100.0)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait()) {
            log::warn!("the measured window did not end: {error}");
        }
    }
}
