//! Work that is shared out among the cores.

use std::num::NonZero;

/// Cores that this process may use.
pub(crate) fn count() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Does the work of each part at the same time, the first on this thread and the others on threads
/// of that name; the results come in the order of the parts. A panic goes on here.
pub(crate) fn each<P: Send, T: Send>(
    name: &str,
    parts: impl IntoIterator<Item = P>,
    work: impl Fn(P) -> T + Sync,
) -> Vec<T> {
    let mut parts = parts.into_iter();
    let Some(first) = parts.next() else {
        return Vec::new();
    };
    let work = &work;
    std::thread::scope(|scope| {
        let spawn = |part| {
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn_scoped(scope, move || work(part))
                .expect("the system lets a process start a thread a core")
        };
        let others: Vec<_> = parts.map(spawn).collect();
        let mut results = vec![work(first)];
        for other in others {
            let result = other.join();
            results.push(result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_parts() {
        let doubled = each("doubling", [3, 1, 2], |number| number * 2);
        assert_eq!(doubled, [6, 2, 4]);
        assert_eq!(each("nothing", [], |(): ()| ()), []);
    }

    #[test]
    fn other_parts_have_threads_of_the_name() {
        let named = each("a name", [0, 1], |_| {
            std::thread::current().name() == Some("a name")
        });
        assert_eq!(named, [false, true]);
    }
}
