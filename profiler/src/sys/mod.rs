//! System calls: the only unsafe code of the crate.
#![allow(
    unsafe_code,
    reason = "system calls and mapped memory; each block says why it holds"
)]

pub(crate) mod clock;
pub(crate) mod launch;
pub(crate) mod limits;
pub(crate) mod perf;
pub(crate) mod pidfd;
