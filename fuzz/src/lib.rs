//! What every target shares: a cap on single allocations, and whose panics count.

use std::alloc::{GlobalAlloc, Layout, System};
use std::panic;

/// Larger than anything the caps of `overread::import::fuzzing` leave room for.
const MAX_ALLOCATION: usize = 256 << 20;

struct Capped;

#[global_allocator]
static ALLOCATOR: Capped = Capped;

// SAFETY: every call goes to the system's allocator unchanged; a null pointer says that there is no memory.
unsafe impl GlobalAlloc for Capped {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > MAX_ALLOCATION {
            return std::ptr::null_mut();
        }
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.size() > MAX_ALLOCATION {
            return std::ptr::null_mut();
        }
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, n_bytes: usize) -> *mut u8 {
        if n_bytes > MAX_ALLOCATION {
            return std::ptr::null_mut();
        }
        unsafe { System.realloc(memory, layout, n_bytes) }
    }
}

/// A panic of this program's own code is a finding. One inside a decoder of other hands is caught where it is called.
pub fn panics_of_our_own_count() {
    panic::set_hook(Box::new(|facts| {
        let is_foreign = facts.location().is_some_and(|location| {
            let path = location.file();
            path.contains("/registry/") || path.contains("/rustc/") || path.contains("/library/")
        });
        if !is_foreign {
            eprintln!("{facts}");
            std::process::abort();
        }
    }));
}
