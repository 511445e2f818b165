//! The screen: panels read a [`context::UiContext`], draw, and ask for [`action::Action`]s. No files, threads or SQL.
//!
//! [`screen::screen_ui`] is the way in. Where the reader looks is kept in [`view_state::ViewState`], which may be
//! deleted without medical loss; what the reader decides goes out as an action and comes back in the context.

pub mod action;
pub mod arrangement;
pub mod attention;
pub mod capture;
pub mod cine;
pub mod commands;
pub mod context;
pub mod copies;
pub mod deciding;
pub mod dialogs;
pub mod finding_list;
pub mod hanging;
pub mod history;
pub mod in_force;
pub mod key_images;
pub mod keys;
pub mod links;
pub mod masks;
pub mod panels;
pub mod planes;
pub mod preferences;
pub mod reading;
pub mod record_action;
pub mod screen;
pub mod shortcuts;
pub mod stage;
pub mod theme;
pub mod tools;
pub mod transient;
pub mod user_scale;
pub mod view_state;
pub mod viewport;
pub mod widgets;
pub mod words;
pub mod work_keys;
