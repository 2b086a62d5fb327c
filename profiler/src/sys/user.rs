//! Names of users, as the system's name services know them.

use std::{ffi::CStr, mem::MaybeUninit, ptr};

/// Largest entry that is asked for; entries of real directories fit many times over.
const ENTRY_BYTES: usize = 1 << 16;

/// The user that we run as.
pub(crate) fn effective_uid() -> u32 {
    // SAFETY: takes nothing, cannot fail.
    unsafe { libc::geteuid() }
}

/// Name of a user; `None` where no service knows the number.
pub(crate) fn name(uid: u32) -> Option<String> {
    let mut entry = MaybeUninit::<libc::passwd>::uninit();
    let mut buffer = vec![0; ENTRY_BYTES];
    let mut found = ptr::null_mut();
    // SAFETY: all pointers live through the call, and the length is that of the buffer.
    let result = unsafe {
        libc::getpwuid_r(
            uid,
            entry.as_mut_ptr(),
            buffer.as_mut_ptr(),
            buffer.len(),
            &raw mut found,
        )
    };
    if result != 0 || found.is_null() {
        return None;
    }
    // SAFETY: the call succeeded, so the entry is filled and its name ends in a zero within the
    // buffer, which still lives.
    let name = unsafe { CStr::from_ptr((*found).pw_name) };
    Some(name.to_string_lossy().into_owned())
}

/// Number of a group; `None` where no service knows the name.
pub(crate) fn group_id(name: &str) -> Option<u32> {
    let name = std::ffi::CString::new(name).ok()?;
    let mut entry = MaybeUninit::<libc::group>::uninit();
    let mut buffer = vec![0; ENTRY_BYTES];
    let mut found = ptr::null_mut();
    // SAFETY: all pointers live through the call, and the length is that of the buffer.
    let result = unsafe {
        libc::getgrnam_r(
            name.as_ptr(),
            entry.as_mut_ptr(),
            buffer.as_mut_ptr(),
            buffer.len(),
            &raw mut found,
        )
    };
    if result != 0 || found.is_null() {
        return None;
    }
    // SAFETY: the call succeeded, so the entry is filled.
    Some(unsafe { (*found).gr_gid })
}
