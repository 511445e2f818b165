//! Volumes and the planes cut through them: the last few, within a byte budget.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::series::Series;
use crate::imaging::plane_picture::{self, PlanePicture, PlaneRequest};
use crate::imaging::voxels::Volume;
use crate::jobs::event::VolumeEvent;
use crate::jobs::wanted_planes::PlaneSlot;
use crate::render::volume_pass::ResidentVolumes;
use crate::ui::context::VolumeState;

struct Entry {
    series: Arc<Series>,
    state: VolumeState,
}

/// Volumes by series, the newest last; and for each place on the screen the plane that was cut for it last.
#[derive(Default)]
pub struct VolumeShelf {
    entries: Vec<Entry>,
    planes: BTreeMap<PlaneSlot, Arc<PlanePicture>>,
    /// Volumes whose planes the adapter cuts while it draws.
    pub resident: ResidentVolumes,
}

impl VolumeShelf {
    pub fn state(&self, series: &Arc<Series>) -> VolumeState {
        let entry = self.entries.iter().find(|entry| Arc::ptr_eq(&entry.series, series));
        entry.map_or(VolumeState::Absent, |entry| entry.state.clone())
    }

    pub fn plane(&self, slot: PlaneSlot) -> Option<&Arc<PlanePicture>> {
        self.planes.get(&slot)
    }

    /// The series whose volume is on its way.
    pub fn loading(&self) -> Option<&Arc<Series>> {
        let entry = self.entries.iter().find(|entry| matches!(entry.state, VolumeState::Loading(_)));
        entry.map(|entry| &entry.series)
    }

    pub fn clear(&mut self) {
        self.entries.clear();
        self.planes.clear();
    }

    pub fn set(&mut self, series: &Arc<Series>, state: VolumeState) {
        self.entries.retain(|entry| !Arc::ptr_eq(&entry.series, series));
        if !matches!(state, VolumeState::Absent) {
            self.entries.push(Entry { series: Arc::clone(series), state });
        }
    }

    /// What became of a volume that is being built.
    pub fn on_event(&mut self, series: &Arc<Series>, event: VolumeEvent, budget_bytes: usize) {
        match event {
            VolumeEvent::Progress(progress) if self.loading().is_some_and(|known| Arc::ptr_eq(known, series)) => {
                self.set(series, VolumeState::Loading(progress));
            }
            VolumeEvent::Progress(_) => {}
            VolumeEvent::Built(Ok(volume)) => {
                self.set(series, VolumeState::Ready(volume));
                self.shrink(budget_bytes);
            }
            VolumeEvent::Built(Err(text)) => self.set(series, VolumeState::Failed(text)),
            VolumeEvent::Cancelled => self.set(series, VolumeState::Absent),
        }
    }

    /// A plane of a volume that is gone is dropped.
    pub fn take_in_plane(&mut self, slot: PlaneSlot, picture: Arc<PlanePicture>) {
        if self.volumes().any(|volume| Arc::ptr_eq(volume, &picture.request.volume)) {
            self.planes.insert(slot, picture);
        }
    }

    /// Where the adapter cuts a plane itself the screen need not wait for its values: it is drawn at once, and what is
    /// measured on it follows.
    pub fn anticipate(&mut self, wanted: &[(PlaneSlot, PlaneRequest)]) {
        for (slot, request) in wanted.iter().filter(|(_, request)| self.resident.has(&request.volume)) {
            match plane_picture::announced(request.clone(), self.planes.get(slot).map(AsRef::as_ref)) {
                Ok(picture) => drop(self.planes.insert(*slot, Arc::new(picture))),
                Err(error) => log::error!("a plane was announced amiss: {error}"),
            }
        }
    }

    /// Volumes of series that are on no worklist go.
    pub fn retain(&mut self, is_there: impl Fn(&Arc<Series>) -> bool) {
        self.entries.retain(|entry| is_there(&entry.series));
        self.drop_orphans();
    }

    fn volumes(&self) -> impl Iterator<Item = &Arc<Volume>> {
        self.entries.iter().filter_map(|entry| match &entry.state {
            VolumeState::Ready(volume) => Some(volume),
            _ => None,
        })
    }

    /// The newest stays, however large.
    fn shrink(&mut self, budget_bytes: usize) {
        let n_bytes = |shelf: &Self| shelf.volumes().map(|volume| volume.slices().n_bytes()).sum::<usize>();
        while self.entries.len() > 1 && n_bytes(self) > budget_bytes {
            self.entries.remove(0);
        }
        self.drop_orphans();
    }

    fn drop_orphans(&mut self) {
        let volumes: Vec<Arc<Volume>> = self.volumes().map(Arc::clone).collect();
        self.planes.retain(|_, picture| volumes.iter().any(|volume| Arc::ptr_eq(volume, &picture.request.volume)));
    }
}
