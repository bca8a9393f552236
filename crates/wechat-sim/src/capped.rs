//! A map that forgets: entries past their time and, when it is full, the oldest ones.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Entries by key, in the order of their coming, at most `cap` of them.
#[derive(Debug)]
pub(crate) struct Capped<V> {
    entries: HashMap<Arc<str>, V>,
    /// When each key may be forgotten (milliseconds), oldest first. Every entry of one map lives equally
    /// long, so the front is always the next to go.
    order: VecDeque<(i64, Arc<str>)>,
    cap: usize,
}

impl<V> Capped<V> {
    pub(crate) fn new(cap: usize) -> Self {
        Self { entries: HashMap::new(), order: VecDeque::new(), cap: cap.max(1) }
    }

    /// Adds an entry that may be forgotten after `until_ms`.
    pub(crate) fn insert(&mut self, key: &str, value: V, now_ms: i64, until_ms: i64) {
        while let Some((until, _)) = self.order.front() {
            if self.order.len() < self.cap && *until > now_ms {
                break;
            }
            if let Some((_, old)) = self.order.pop_front() {
                self.entries.remove(&old);
            }
        }
        let key: Arc<str> = key.into();
        self.order.push_back((until_ms, Arc::clone(&key)));
        self.entries.insert(key, value);
    }

    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        self.entries.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// The entries from the newest to the oldest.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = (&str, &V)> {
        self.order.iter().rev().filter_map(|(_, key)| self.entries.get(key).map(|value| (&**key, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::Capped;

    #[test]
    fn the_oldest_go_when_full_and_the_expired_go_first() {
        let mut map = Capped::new(2);
        map.insert("a", 1, 0, 100);
        map.insert("b", 2, 0, 100);
        map.insert("c", 3, 0, 100);
        assert_eq!((map.get("a"), map.get("b"), map.get("c")), (None, Some(&2), Some(&3)));
        map.insert("d", 4, 100, 200);
        assert_eq!(map.newest_first().collect::<Vec<_>>(), vec![("d", &4)]);
    }
}
