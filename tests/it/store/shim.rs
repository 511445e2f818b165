//! A way to the disk between SQLite and the file system: it writes down what is written and synced, or fails on demand.
//!
//! The trace is what a disk was asked to do; `power` makes of it what a power cut could have left. Locks and the shared
//! index are passed on: they die with the machine anyway.

#![expect(unsafe_code, reason = "SQLite's interface to the disk is a table of C functions")]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::{Arc, Mutex};

use rusqlite::ffi;

/// Which file an operation is on, by the end of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    Main,
    /// The write-ahead log.
    Log,
    /// The rollback journal, which SQLite uses until the log is on.
    Journal,
    /// What no power cut leaves behind: the shared index.
    Other,
}

#[derive(Clone, Debug)]
pub enum Op {
    Write {
        which: Which,
        at: u64,
        bytes: Vec<u8>,
    },
    Truncate {
        which: Which,
        size: u64,
    },
    Sync {
        which: Which,
    },
    Create {
        which: Which,
    },
    Delete {
        which: Which,
    },
    /// Not the disk's: the test says that so many appends have returned.
    Acknowledged {
        n: usize,
        anchor: Vec<u8>,
    },
}

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Every write is refused: the disk is full.
    Full,
    /// Writes, truncations and syncs are refused: the disk is broken.
    Broken,
}

#[derive(Default)]
struct State {
    trace: Option<Vec<Op>>,
    n_ops: u64,
    fault: Option<(Fault, u64, bool)>,
    n_failed: u64,
}

/// One way to the disk, under a name of its own.
pub struct Shim {
    pub name: String,
    state: Arc<Mutex<State>>,
}

/// Behind `pAppData`; never freed, as SQLite keeps the table for the life of the process.
struct Behind {
    real: *mut ffi::sqlite3_vfs,
    state: Arc<Mutex<State>>,
    methods: ffi::sqlite3_io_methods,
}

#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    behind: *const Behind,
    which: Which,
}

impl Shim {
    pub fn register(name: &str) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        // SAFETY: the real table lives as long as the process; ours is leaked for the same time, and all of the real
        // table's functions that are copied ignore which table they are called through.
        unsafe {
            let real = ffi::sqlite3_vfs_find(std::ptr::null());
            assert!(!real.is_null());
            let behind = Box::leak(Box::new(Behind { real, state: Arc::clone(&state), methods: methods() }));
            let mut table = *real;
            table.zName = CString::new(name).unwrap().into_raw();
            table.szOsFile = c_int::try_from(size_of::<File>()).unwrap() + (*real).szOsFile;
            table.pAppData = std::ptr::from_mut(behind).cast();
            table.pNext = std::ptr::null_mut();
            table.xOpen = Some(open);
            table.xDelete = Some(delete);
            let table = Box::leak(Box::new(table));
            assert_eq!(ffi::sqlite3_vfs_register(table, 0), ffi::SQLITE_OK);
        }
        Self { name: name.to_owned(), state }
    }

    pub fn start_trace(&self) {
        self.state.lock().unwrap().trace = Some(Vec::new());
    }

    pub fn acknowledge(&self, n: usize, anchor: Vec<u8>) {
        if let Some(trace) = &mut self.state.lock().unwrap().trace {
            trace.push(Op::Acknowledged { n, anchor });
        }
    }

    pub fn take_trace(&self) -> Vec<Op> {
        self.state.lock().unwrap().trace.take().unwrap_or_default()
    }

    /// From the `k`th operation on (0 is the next), once or until further notice.
    pub fn fail(&self, fault: Fault, k: u64, is_lasting: bool) {
        let mut state = self.state.lock().unwrap();
        let at = state.n_ops + k;
        state.fault = Some((fault, at, is_lasting));
        state.n_failed = 0;
    }

    /// How many operations failed since; nothing fails any more.
    pub fn mend(&self) -> u64 {
        let mut state = self.state.lock().unwrap();
        state.fault = None;
        state.n_failed
    }
}

impl State {
    /// Counts an operation and says whether it is to fail.
    fn fails(&mut self, is_write: bool) -> Option<Fault> {
        let now = self.n_ops;
        self.n_ops += 1;
        let (fault, at, is_lasting) = self.fault?;
        let is_due = if is_lasting { now >= at } else { now == at };
        let is_meant = is_due && (is_write || fault == Fault::Broken);
        self.n_failed += u64::from(is_meant);
        is_meant.then_some(fault)
    }

    fn note(&mut self, op: impl FnOnce() -> Op) {
        if let Some(trace) = &mut self.trace {
            trace.push(op());
        }
    }
}

fn which(name: &CStr) -> Which {
    let name = name.to_bytes();
    if name.ends_with(b"-wal") {
        Which::Log
    } else if name.ends_with(b"-journal") {
        Which::Journal
    } else if name.ends_with(b"-shm") {
        Which::Other
    } else {
        Which::Main
    }
}

/// # Safety
/// `file` came from [`open`].
unsafe fn parts<'a>(file: *mut ffi::sqlite3_file) -> (&'a File, *mut ffi::sqlite3_file, &'a Behind) {
    // SAFETY: SQLite gives back the memory that `open` filled; the real file lies right behind ours.
    unsafe {
        let ours = file.cast::<File>();
        let real = ours.add(1).cast::<ffi::sqlite3_file>();
        (&*ours, real, &*(*ours).behind)
    }
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: called by SQLite with memory of `szOsFile` bytes; the real open gets the part behind our head.
    unsafe {
        let behind = (*vfs).pAppData.cast::<Behind>().cast_const();
        let ours = file.cast::<File>();
        let which = if name.is_null() { Which::Other } else { which(CStr::from_ptr(name)) };
        let was_there = !name.is_null() && {
            let mut is_there = 0;
            let real = (*behind).real;
            (*real).xAccess.unwrap()(real, name, ffi::SQLITE_ACCESS_EXISTS, &raw mut is_there);
            is_there != 0
        };
        (*ours).behind = behind;
        (*ours).which = which;
        (*ours).base.pMethods = std::ptr::null();
        let real = (*behind).real;
        let result = (*real).xOpen.unwrap()(real, name, ours.add(1).cast(), flags, out_flags);
        if result == ffi::SQLITE_OK {
            (*ours).base.pMethods = &raw const (*behind).methods;
            if !was_there {
                (*behind).state.lock().unwrap().note(|| Op::Create { which });
            }
        }
        result
    }
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync_dir: c_int) -> c_int {
    // SAFETY: passed on as it came.
    unsafe {
        let behind = (*vfs).pAppData.cast::<Behind>().cast_const();
        (*behind).state.lock().unwrap().note(|| Op::Delete { which: which(CStr::from_ptr(name)) });
        let real = (*behind).real;
        (*real).xDelete.unwrap()(real, name, sync_dir)
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    n_bytes: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite gives `n_bytes` readable bytes.
    unsafe {
        let (ours, real, behind) = parts(file);
        let mut state = behind.state.lock().unwrap();
        match state.fails(true) {
            Some(Fault::Full) => return ffi::SQLITE_FULL,
            Some(Fault::Broken) => return ffi::SQLITE_IOERR_WRITE,
            None => {}
        }
        let copy = std::slice::from_raw_parts(bytes.cast::<u8>(), usize::try_from(n_bytes).unwrap()).to_vec();
        state.note(|| Op::Write { which: ours.which, at: u64::try_from(at).unwrap(), bytes: copy });
        drop(state);
        (*(*real).pMethods).xWrite.unwrap()(real, bytes, n_bytes, at)
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    // SAFETY: passed on as it came.
    unsafe {
        let (ours, real, behind) = parts(file);
        let mut state = behind.state.lock().unwrap();
        if state.fails(false).is_some() {
            return ffi::SQLITE_IOERR_TRUNCATE;
        }
        state.note(|| Op::Truncate { which: ours.which, size: u64::try_from(size).unwrap() });
        drop(state);
        (*(*real).pMethods).xTruncate.unwrap()(real, size)
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: passed on as it came.
    unsafe {
        let (ours, real, behind) = parts(file);
        let mut state = behind.state.lock().unwrap();
        if state.fails(false).is_some() {
            return ffi::SQLITE_IOERR_FSYNC;
        }
        state.note(|| Op::Sync { which: ours.which });
        drop(state);
        // What is traced is not kept beyond the test: the real sync would only cost time.
        let _ = (real, flags);
        ffi::SQLITE_OK
    }
}

/// Functions that are only passed on.
macro_rules! passed_on {
    ($($name:ident => $method:ident($($argument:ident: $kind:ty),*) -> $result:ty;)*) => {
        $(unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file, $($argument: $kind),*) -> $result {
            // SAFETY: passed on as it came.
            unsafe {
                let (_, real, _) = parts(file);
                (*(*real).pMethods).$method.unwrap()(real, $($argument),*)
            }
        })*
    };
}

passed_on! {
    close => xClose() -> c_int;
    read => xRead(bytes: *mut c_void, n_bytes: c_int, at: ffi::sqlite3_int64) -> c_int;
    file_size => xFileSize(size: *mut ffi::sqlite3_int64) -> c_int;
    lock => xLock(level: c_int) -> c_int;
    unlock => xUnlock(level: c_int) -> c_int;
    check_reserved_lock => xCheckReservedLock(result: *mut c_int) -> c_int;
    file_control => xFileControl(op: c_int, argument: *mut c_void) -> c_int;
    sector_size => xSectorSize() -> c_int;
    device_characteristics => xDeviceCharacteristics() -> c_int;
    shm_map => xShmMap(page: c_int, size: c_int, extend: c_int, at: *mut *mut c_void) -> c_int;
    shm_lock => xShmLock(offset: c_int, n: c_int, flags: c_int) -> c_int;
    shm_barrier => xShmBarrier() -> ();
    shm_unmap => xShmUnmap(delete: c_int) -> c_int;
}

/// Version 2: no memory mapping, so that every byte passes by here.
fn methods() -> ffi::sqlite3_io_methods {
    ffi::sqlite3_io_methods {
        iVersion: 2,
        xClose: Some(close),
        xRead: Some(read),
        xWrite: Some(write),
        xTruncate: Some(truncate),
        xSync: Some(sync),
        xFileSize: Some(file_size),
        xLock: Some(lock),
        xUnlock: Some(unlock),
        xCheckReservedLock: Some(check_reserved_lock),
        xFileControl: Some(file_control),
        xSectorSize: Some(sector_size),
        xDeviceCharacteristics: Some(device_characteristics),
        xShmMap: Some(shm_map),
        xShmLock: Some(shm_lock),
        xShmBarrier: Some(shm_barrier),
        xShmUnmap: Some(shm_unmap),
        xFetch: None,
        xUnfetch: None,
    }
}
