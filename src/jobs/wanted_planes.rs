//! Planes the screen wants: one wish for each of its places, the newest one; the place served longest ago comes first.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::imaging::plane_picture::PlaneRequest;
use crate::jobs::panic_guard::{TaskOutcome, guarded};

/// A place on the screen that shows a plane.
pub type PlaneSlot = u64;

#[derive(Default)]
struct Wishes {
    waiting: BTreeMap<PlaneSlot, PlaneRequest>,
    /// What is being cut.
    in_hand: Option<(PlaneSlot, PlaneRequest)>,
    /// When each place was served last, in planes since the start.
    served: BTreeMap<PlaneSlot, u64>,
    n_served: u64,
    is_closed: bool,
}

impl Wishes {
    fn take(&mut self) -> Option<(PlaneSlot, PlaneRequest)> {
        let Self { waiting, served, n_served, in_hand, .. } = self;
        let slot = *waiting.keys().min_by_key(|slot| served.get(slot).copied().unwrap_or(0))?;
        let request = waiting.remove(&slot)?;
        *n_served += 1;
        served.insert(slot, *n_served);
        *in_hand = Some((slot, request.clone()));
        Some((slot, request))
    }
}

/// One thread that cuts planes; each of them runs on all processors.
pub struct WantedPlanes {
    shared: Arc<(Mutex<Wishes>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl WantedPlanes {
    /// `cut` cuts and delivers one plane. A plane that panics is passed over.
    pub fn spawn(cut: impl Fn(PlaneSlot, PlaneRequest) + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new((Mutex::new(Wishes::default()), Condvar::new()));
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("planes".to_owned()).spawn(move || work(&of_thread, &cut))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Replaces all wishes. What is being cut is not started again.
    pub fn want(&self, planes: Vec<(PlaneSlot, PlaneRequest)>) {
        let mut wishes = lock(&self.shared.0);
        let Wishes { waiting, in_hand, .. } = &mut *wishes;
        let is_in_hand = |wish: &(PlaneSlot, PlaneRequest)| in_hand.as_ref() == Some(wish);
        *waiting = planes.into_iter().filter(|wish| !is_in_hand(wish)).collect();
        self.shared.1.notify_all();
    }
}

impl Drop for WantedPlanes {
    fn drop(&mut self) {
        {
            let mut wishes = lock(&self.shared.0);
            wishes.waiting.clear();
            wishes.is_closed = true;
        }
        self.shared.1.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the thread that cuts planes ended by a panic");
        }
    }
}

fn work(shared: &(Mutex<Wishes>, Condvar), cut: &dyn Fn(PlaneSlot, PlaneRequest)) {
    let (mutex, wake) = shared;
    loop {
        let (slot, request) = {
            let mut wishes = lock(mutex);
            loop {
                if wishes.is_closed {
                    return;
                }
                if let Some(wish) = wishes.take() {
                    break wish;
                }
                wishes = wake.wait(wishes).unwrap_or_else(PoisonError::into_inner);
            }
        };
        if matches!(guarded(|| cut(slot, request)), TaskOutcome::Panicked) {
            log::error!("a plane could not be cut by a fault of the program");
        }
        lock(mutex).in_hand = None;
    }
}

fn lock(mutex: &Mutex<Wishes>) -> MutexGuard<'_, Wishes> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::frame::Buffer;
    use crate::domain::geometry::Vec3;
    use crate::imaging::plane_grid::{MainPlane, PlaneDirections, PlaneGrid, Slab};
    use crate::imaging::volume::VolumeGrid;
    use crate::imaging::volume_space::VolumeSpace;
    use crate::imaging::voxels::{Rescale, Volume, VoxelSlices};

    fn request() -> PlaneRequest {
        let space = VolumeSpace::even(VolumeGrid {
            dims: [2, 2, 2],
            origin_mm: Vec3([0.0; 3]),
            col_step_mm: Vec3([1.0, 0.0, 0.0]),
            row_step_mm: Vec3([0.0, 1.0, 0.0]),
            slice_step_mm: Vec3([0.0, 0.0, 1.0]),
        });
        let directions = PlaneDirections::of(MainPlane::Axial, &space);
        let grid = PlaneGrid::covering(&space, &directions, space.center_mm());
        let slices = vec![Buffer::from(vec![0_u8; 4]); 2];
        let volume = Volume::new(space, VoxelSlices::U8(slices), Rescale::Same([1.0, 0.0]), None);
        PlaneRequest { volume: Arc::new(volume), grid, slab: Slab::SINGLE, layers: None }
    }

    #[test]
    fn the_place_served_longest_ago_comes_first_and_only_its_newest_wish() {
        let mut wishes = Wishes::default();
        let request = request();
        let want = |wishes: &mut Wishes, slots: &[PlaneSlot]| {
            wishes.waiting = slots.iter().map(|slot| (*slot, request.clone())).collect();
        };
        want(&mut wishes, &[1, 2, 3]);
        assert_eq!(wishes.take().map(|(slot, _)| slot), Some(1));
        // The reader drags on: all three are wanted anew, and none starves
        want(&mut wishes, &[1, 2, 3]);
        assert_eq!(wishes.take().map(|(slot, _)| slot), Some(2));
        want(&mut wishes, &[1, 2, 3]);
        assert_eq!(wishes.take().map(|(slot, _)| slot), Some(3));
        want(&mut wishes, &[1, 2, 3]);
        assert_eq!(wishes.take().map(|(slot, _)| slot), Some(1));
    }
}
