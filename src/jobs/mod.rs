//! All threads. The work itself is synchronous and lives in `work`; here it is only started, watched and ended.
//!
//! What can be repeated runs newest-wins ([`latest`], [`wanted`], [`wanted_planes`]); what must be kept runs in order and is awaited at
//! the end of the program ([`in_order`]). Nothing here calls the screen: results go out as [`event::JobEvent`]s.

pub mod cancel;
pub mod event;
pub mod in_order;
pub mod latest;
pub mod panic_guard;
pub mod runner;
pub mod store_hand;
pub mod time_limit;
pub mod wanted;
pub mod wanted_planes;
pub mod work;
