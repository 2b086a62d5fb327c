//! What is said between an unprivileged process and the helper: messages of a fixed size, one a
//! packet, little endian.
//!
//! Magic and version lead every message in every version, so that each side can tell that the
//! other is older or newer. A number that a message does not need is zero, and anything else is
//! refused: what is not understood is not done.

use scrutineer_evidence::capture::Sampler as SamplerKind;

use crate::capture::{
    model::CallGraph,
    perf::{EventRole, EventWish},
};

/// Version of everything after magic and version.
pub const VERSION: u16 = 1;

/// Bytes of a request.
pub(super) const REQUEST_BYTES: usize = 48;

/// Bytes of a reply.
pub(super) const REPLY_BYTES: usize = 24;

const MAGIC: [u8; 4] = *b"SCRH";

/// The kernel copies no more of a stack with a sample.
const LARGEST_STACK_BYTES: u32 = 65_528;
/// The kernel's own limit (`perf_event_max_sample_rate`) lies below.
const HIGHEST_FREQUENCY_HZ: u32 = 100_000;

const KIND_HELLO: u8 = 1;
const KIND_EVENT: u8 = 2;
const KIND_KERNEL_SYMBOLS: u8 = 3;
const KIND_LEADER: u8 = 4;

const ROLE_CPU: u8 = 1;
const ROLE_SWITCHES: u8 = 2;
const ROLE_PAGE_FAULTS: u8 = 3;
const ROLE_WAKEUPS: u8 = 4;

const SCOPE_THREAD: u8 = 1;
const SCOPE_EVERYONE: u8 = 2;
const SCOPE_CGROUP: u8 = 3;

const FLAG_CYCLES: u8 = 1;
const FLAG_KERNEL: u8 = 2;
const FLAG_FRAME_POINTERS: u8 = 4;
const FLAG_FOLLOWS_CHILDREN: u8 = 8;
const FLAG_FROM_EXEC: u8 = 16;
const FLAG_HELD_BACK: u8 = 32;
const FLAG_WAKES_EACH: u8 = 64;
const ALL_FLAGS: u8 = 127;

/// Whose events are asked for. The folder of a control group comes beside the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Thread { pid: u32, tid: u32 },
    Everyone,
    Cgroup,
}

/// What the helper is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// What it can do.
    Hello,
    /// An event on one CPU. A tracepoint's number is the helper's own affair.
    Event {
        wish: EventWish,
        scope: Scope,
        cpu: u32,
    },
    /// The event that counts nothing and that a ring belongs to, of a thread of the caller's.
    Leader {
        pid: u32,
        tid: u32,
        cpu: u32,
        watermark_bytes: u32,
    },
    /// `/proc/kallsyms`, opened with the right to see addresses.
    KernelSymbols,
}

/// Why a request is refused; the numbers are part of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Refusal {
    /// The message is none of this protocol, or asks for what does not exist.
    Malformed = 1,
    /// It is of another version.
    OtherVersion = 2,
    /// The process is not one that the caller could trace: it is another user's, or runs a
    /// program with more privileges.
    NotYours = 3,
    /// The thread does not belong to the process.
    NotOfProcess = 4,
    /// Process or thread ended meanwhile, or became another program with more privileges.
    Gone = 5,
    /// The caller may not see the whole machine, or the control group, by itself.
    BeyondOwn = 6,
    /// The kernel refused; the errno says why.
    ByKernel = 7,
}

impl Refusal {
    const ALL: [Self; 7] = [
        Self::Malformed,
        Self::OtherVersion,
        Self::NotYours,
        Self::NotOfProcess,
        Self::Gone,
        Self::BeyondOwn,
        Self::ByKernel,
    ];

    /// The errno that stands for it where the kernel said none.
    pub(super) const fn errno(self) -> i32 {
        match self {
            Self::Malformed | Self::OtherVersion => libc::EINVAL,
            Self::NotYours | Self::BeyondOwn => libc::EACCES,
            Self::NotOfProcess | Self::Gone | Self::ByKernel => libc::ESRCH,
        }
    }
}

/// What the helper answers; a descriptor comes beside it where something was granted but a hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// Sequence number of the request.
    pub(super) sequence: u32,
    pub(super) outcome: Result<(), (Refusal, i32)>,
    pub(super) powers: Powers,
}

/// What the helper has the capabilities for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Powers {
    /// Events whatever `perf_event_paranoid` says, kernel frames and context switches included.
    pub events: bool,
    /// Names of kernel functions.
    pub kernel_symbols: bool,
    /// The number of the tracepoint `sched:sched_waking`, where wake-ups may be recorded.
    pub wakeup_tracepoint: Option<u32>,
}

/// Why a message was not understood, and which version it bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    Malformed,
    OtherVersion(u16),
}

impl Request {
    pub(super) fn encode(&self, sequence: u32) -> [u8; REQUEST_BYTES] {
        let mut bytes = [0; REQUEST_BYTES];
        put(&mut bytes, 0, MAGIC);
        put(&mut bytes, 4, VERSION.to_le_bytes());
        put(&mut bytes, 12, sequence.to_le_bytes());
        bytes[6] = match self {
            Self::Hello => KIND_HELLO,
            Self::KernelSymbols => KIND_KERNEL_SYMBOLS,
            Self::Leader {
                pid,
                tid,
                cpu,
                watermark_bytes,
            } => {
                put(&mut bytes, 16, pid.to_le_bytes());
                put(&mut bytes, 20, tid.to_le_bytes());
                put(&mut bytes, 24, cpu.to_le_bytes());
                put(&mut bytes, 36, watermark_bytes.to_le_bytes());
                KIND_LEADER
            }
            Self::Event { wish, scope, cpu } => {
                bytes[7] = role_number(wish.role);
                bytes[9] = flags(wish);
                put(&mut bytes, 24, cpu.to_le_bytes());
                put(&mut bytes, 28, wish.stack_dump_bytes.to_le_bytes());
                put(&mut bytes, 32, wish.frequency_hz.to_le_bytes());
                bytes[8] = match scope {
                    Scope::Thread { pid, tid } => {
                        put(&mut bytes, 16, pid.to_le_bytes());
                        put(&mut bytes, 20, tid.to_le_bytes());
                        SCOPE_THREAD
                    }
                    Scope::Everyone => SCOPE_EVERYONE,
                    Scope::Cgroup => SCOPE_CGROUP,
                };
                KIND_EVENT
            }
        };
        bytes
    }

    /// The request and its sequence number. `wakeup_tracepoint` is the helper's own number.
    pub(super) fn decode(
        bytes: &[u8],
        wakeup_tracepoint: Option<u32>,
    ) -> Result<(Self, u32), Unreadable> {
        check_head(bytes)?;
        let bytes: &[u8; REQUEST_BYTES] = bytes.try_into().map_err(|_| Unreadable::Malformed)?;
        let sequence = number(bytes, 12);
        let request = match bytes[6] {
            KIND_HELLO if is_zero(bytes, 7..12) && is_zero(bytes, 16..48) => Self::Hello,
            KIND_KERNEL_SYMBOLS if is_zero(bytes, 7..12) && is_zero(bytes, 16..48) => {
                Self::KernelSymbols
            }
            KIND_LEADER
                if is_zero(bytes, 7..12) && is_zero(bytes, 28..36) && is_zero(bytes, 40..48) =>
            {
                decode_leader(bytes).ok_or(Unreadable::Malformed)?
            }
            KIND_EVENT if is_zero(bytes, 10..12) && is_zero(bytes, 36..48) => Self::Event {
                wish: decode_wish(bytes, wakeup_tracepoint).ok_or(Unreadable::Malformed)?,
                scope: decode_scope(bytes).ok_or(Unreadable::Malformed)?,
                cpu: number(bytes, 24),
            },
            _ => return Err(Unreadable::Malformed),
        };
        Ok((request, sequence))
    }
}

fn role_number(role: EventRole) -> u8 {
    match role {
        EventRole::Cpu => ROLE_CPU,
        EventRole::Switches => ROLE_SWITCHES,
        EventRole::PageFaults => ROLE_PAGE_FAULTS,
        EventRole::Wakeups { .. } => ROLE_WAKEUPS,
    }
}

fn flags(wish: &EventWish) -> u8 {
    let flag = |holds: bool, flag: u8| if holds { flag } else { 0 };
    flag(wish.clock == SamplerKind::PerfCycles, FLAG_CYCLES)
        | flag(wish.kernel, FLAG_KERNEL)
        | flag(
            wish.call_graph == CallGraph::FramePointers,
            FLAG_FRAME_POINTERS,
        )
        | flag(wish.follows_children, FLAG_FOLLOWS_CHILDREN)
        | flag(wish.from_exec, FLAG_FROM_EXEC)
        | flag(wish.held_back, FLAG_HELD_BACK)
        | flag(wish.wakes_each, FLAG_WAKES_EACH)
}

fn decode_wish(bytes: &[u8; REQUEST_BYTES], wakeup_tracepoint: Option<u32>) -> Option<EventWish> {
    let flags = bytes[9];
    let has = |flag: u8| flags & flag != 0;
    let (stack_dump_bytes, frequency_hz) = (number(bytes, 28), number(bytes, 32));
    let is_sound = flags & !ALL_FLAGS == 0
        && stack_dump_bytes <= LARGEST_STACK_BYTES
        && stack_dump_bytes.is_multiple_of(8)
        && (1..=HIGHEST_FREQUENCY_HZ).contains(&frequency_hz);
    let role = match bytes[7] {
        ROLE_CPU => EventRole::Cpu,
        ROLE_SWITCHES => EventRole::Switches,
        ROLE_PAGE_FAULTS => EventRole::PageFaults,
        ROLE_WAKEUPS => EventRole::Wakeups {
            tracepoint: u64::from(wakeup_tracepoint?),
        },
        _ => return None,
    };
    is_sound.then(|| EventWish {
        role,
        clock: if has(FLAG_CYCLES) {
            SamplerKind::PerfCycles
        } else {
            SamplerKind::PerfCpuClock
        },
        kernel: has(FLAG_KERNEL),
        frequency_hz,
        call_graph: if has(FLAG_FRAME_POINTERS) {
            CallGraph::FramePointers
        } else {
            CallGraph::Dwarf
        },
        stack_dump_bytes,
        follows_children: has(FLAG_FOLLOWS_CHILDREN),
        from_exec: has(FLAG_FROM_EXEC),
        held_back: has(FLAG_HELD_BACK),
        wakes_each: has(FLAG_WAKES_EACH),
    })
}

fn decode_leader(bytes: &[u8; REQUEST_BYTES]) -> Option<Request> {
    let (pid, tid) = (number(bytes, 16), number(bytes, 20));
    (is_id(pid) && is_id(tid)).then(|| Request::Leader {
        pid,
        tid,
        cpu: number(bytes, 24),
        watermark_bytes: number(bytes, 36),
    })
}

fn is_id(id: u32) -> bool {
    id > 0 && i32::try_from(id).is_ok()
}

fn decode_scope(bytes: &[u8; REQUEST_BYTES]) -> Option<Scope> {
    let (pid, tid) = (number(bytes, 16), number(bytes, 20));
    match bytes[8] {
        SCOPE_THREAD if is_id(pid) && is_id(tid) => Some(Scope::Thread { pid, tid }),
        SCOPE_EVERYONE if pid == 0 && tid == 0 => Some(Scope::Everyone),
        SCOPE_CGROUP if pid == 0 && tid == 0 => Some(Scope::Cgroup),
        _ => None,
    }
}

impl Reply {
    pub(super) fn encode(&self) -> [u8; REPLY_BYTES] {
        let mut bytes = [0; REPLY_BYTES];
        put(&mut bytes, 0, MAGIC);
        put(&mut bytes, 4, VERSION.to_le_bytes());
        let (refusal, errno) = match self.outcome {
            Ok(()) => (0, 0),
            Err((refusal, errno)) => (refusal as u8, errno),
        };
        bytes[6] = refusal;
        bytes[7] = u8::from(self.powers.events) | u8::from(self.powers.kernel_symbols) << 1;
        put(&mut bytes, 8, self.sequence.to_le_bytes());
        put(&mut bytes, 12, errno.to_le_bytes());
        let tracepoint = self.powers.wakeup_tracepoint.unwrap_or(0);
        put(&mut bytes, 16, tracepoint.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Unreadable> {
        check_head(bytes)?;
        let bytes: &[u8; REPLY_BYTES] = bytes.try_into().map_err(|_| Unreadable::Malformed)?;
        let errno = number(bytes, 12) as i32;
        let outcome = match bytes[6] {
            0 => Ok(()),
            refused => Refusal::ALL
                .into_iter()
                .find(|refusal| *refusal as u8 == refused)
                .map(|refusal| Err((refusal, errno)))
                .ok_or(Unreadable::Malformed)?,
        };
        let tracepoint = number(bytes, 16);
        let reply = Self {
            sequence: number(bytes, 8),
            outcome,
            powers: Powers {
                events: bytes[7] & 1 != 0,
                kernel_symbols: bytes[7] & 2 != 0,
                wakeup_tracepoint: (tracepoint != 0).then_some(tracepoint),
            },
        };
        // As with requests, nothing may be said in two ways.
        if reply.encode() == *bytes {
            Ok(reply)
        } else {
            Err(Unreadable::Malformed)
        }
    }
}

fn check_head(bytes: &[u8]) -> Result<(), Unreadable> {
    let head = bytes.first_chunk::<6>().ok_or(Unreadable::Malformed)?;
    if head[..4] != MAGIC {
        return Err(Unreadable::Malformed);
    }
    match u16::from_le_bytes([head[4], head[5]]) {
        VERSION => Ok(()),
        other => Err(Unreadable::OtherVersion(other)),
    }
}

fn put<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&value);
}

fn number(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

fn is_zero(bytes: &[u8], range: std::ops::Range<usize>) -> bool {
    bytes[range].iter().all(|&byte| byte == 0)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn wish(role: EventRole) -> EventWish {
        EventWish {
            role,
            clock: SamplerKind::PerfCpuClock,
            kernel: true,
            frequency_hz: 999,
            call_graph: CallGraph::Dwarf,
            stack_dump_bytes: 8 << 10,
            follows_children: true,
            from_exec: false,
            held_back: false,
            wakes_each: false,
        }
    }

    #[test]
    fn what_was_asked_is_what_is_read() {
        let scopes = [
            Scope::Thread { pid: 7, tid: 8 },
            Scope::Everyone,
            Scope::Cgroup,
        ];
        let roles = [
            EventRole::Cpu,
            EventRole::Switches,
            EventRole::PageFaults,
            EventRole::Wakeups { tracepoint: 321 },
        ];
        for (scope, role) in scopes.into_iter().flat_map(|s| roles.map(|role| (s, role))) {
            let request = Request::Event {
                wish: EventWish {
                    from_exec: role == EventRole::Switches,
                    ..wish(role)
                },
                scope,
                cpu: 3,
            };
            assert_eq!(
                Request::decode(&request.encode(9), Some(321)),
                Ok((request, 9))
            );
        }
        let leader = Request::Leader {
            pid: 7,
            tid: 8,
            cpu: 1,
            watermark_bytes: 4 << 20,
        };
        for request in [Request::Hello, Request::KernelSymbols, leader] {
            assert_eq!(Request::decode(&request.encode(1), None), Ok((request, 1)));
        }
    }

    #[test]
    fn a_reply_is_read_as_it_was_written() {
        let outcomes = Refusal::ALL.map(|refusal| Err((refusal, 13)));
        for outcome in outcomes.into_iter().chain([Ok(())]) {
            let reply = Reply {
                sequence: 77,
                outcome,
                powers: Powers {
                    events: true,
                    kernel_symbols: false,
                    wakeup_tracepoint: Some(5),
                },
            };
            assert_eq!(Reply::decode(&reply.encode()), Ok(reply));
        }
    }

    #[test]
    fn a_reply_that_says_more_than_it_may_is_refused() {
        let reply = Reply {
            sequence: 4,
            outcome: Ok(()),
            powers: Powers {
                events: true,
                kernel_symbols: false,
                wakeup_tracepoint: None,
            },
        };
        let bytes = reply.encode();
        assert_eq!(Reply::decode(&bytes).unwrap(), reply);
        for (at, value) in [(7, 5), (12, 1), (20, 1)] {
            let mut other = bytes;
            other[at] = value;
            assert!(Reply::decode(&other).is_err(), "byte {at}");
        }
    }

    #[test]
    fn every_number_beyond_its_bounds_is_refused() {
        let request = Request::Event {
            wish: wish(EventRole::Cpu),
            scope: Scope::Thread { pid: 7, tid: 8 },
            cpu: 0,
        };
        let good = request.encode(1);
        let broken: [(usize, &[u8]); 12] = [
            (6, &[9]),
            (7, &[0]),
            (7, &[5]),
            (8, &[0]),
            (9, &[128]),
            (10, &[1]),
            (16, &[0; 4]),
            (20, &[0xff; 4]),
            (28, &[0xff; 4]),
            (28, &[4, 0, 0, 0]),
            (32, &[0; 4]),
            (47, &[1]),
        ];
        for (at, bytes) in broken {
            let mut message = good;
            message[at..at + bytes.len()].copy_from_slice(bytes);
            assert_eq!(
                Request::decode(&message, Some(1)),
                Err(Unreadable::Malformed),
                "{at}: {bytes:?}"
            );
        }
        let too_fast = 100_001_u32.to_le_bytes();
        let mut message = good;
        message[32..36].copy_from_slice(&too_fast);
        assert_eq!(Request::decode(&message, None), Err(Unreadable::Malformed));
    }

    #[test]
    fn an_older_and_a_newer_version_are_told_whatever_follows() {
        let mut message = Request::Hello.encode(1);
        for version in [0, VERSION + 1, u16::MAX] {
            message[4..6].copy_from_slice(&version.to_le_bytes());
            for bytes in [&message[..], &message[..6]] {
                assert_eq!(
                    Request::decode(bytes, None),
                    Err(Unreadable::OtherVersion(version))
                );
                assert_eq!(Reply::decode(bytes), Err(Unreadable::OtherVersion(version)));
            }
        }
    }

    #[test]
    fn wake_ups_are_refused_where_their_tracepoint_is_unknown() {
        let request = Request::Event {
            wish: wish(EventRole::Wakeups { tracepoint: 1 }),
            scope: Scope::Everyone,
            cpu: 0,
        };
        assert_eq!(
            Request::decode(&request.encode(1), None),
            Err(Unreadable::Malformed)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..128)) {
            let _ = Request::decode(&bytes, Some(1));
            let _ = Reply::decode(&bytes);
        }

        #[test]
        fn what_is_accepted_is_said_by_no_other_message(
            mut bytes in prop::collection::vec(any::<u8>(), REQUEST_BYTES),
        ) {
            bytes[..6].copy_from_slice(&Request::Hello.encode(0)[..6]);
            if let Ok((request, sequence)) = Request::decode(&bytes, Some(1)) {
                prop_assert_eq!(&request.encode(sequence)[..], &bytes[..]);
            }
        }
    }
}
