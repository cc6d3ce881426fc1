//! A list in pages that are copied on write: a reader's clone costs one pointer a page and never changes.

use std::sync::Arc;

const PAGE: usize = 1024;

#[derive(Debug)]
pub(super) struct CowList<T> {
    pages: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T> Clone for CowList<T> {
    fn clone(&self) -> CowList<T> {
        CowList { pages: self.pages.clone(), len: self.len }
    }
}

impl<T> Default for CowList<T> {
    fn default() -> CowList<T> {
        CowList { pages: Vec::new(), len: 0 }
    }
}

impl<T: Clone> CowList<T> {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, index: usize) -> Option<&T> {
        self.pages.get(index / PAGE)?.get(index % PAGE)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        Arc::make_mut(self.pages.get_mut(index / PAGE)?).get_mut(index % PAGE)
    }

    /// Appends, and answers where.
    pub(super) fn push(&mut self, item: T) -> usize {
        if self.len.is_multiple_of(PAGE) {
            self.pages.push(Arc::new(Vec::with_capacity(PAGE)));
        }
        if let Some(page) = self.pages.last_mut() {
            let page = Arc::make_mut(page);
            page.reserve_exact(PAGE - page.len());
            page.push(item);
        }
        self.len += 1;
        self.len - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_keeps_what_it_saw() {
        let mut list = CowList::default();
        for n in 0..3000 {
            assert_eq!(list.push(n), n);
        }
        let seen = list.clone();
        *list.get_mut(2000).unwrap() = 7;
        list.push(3000);
        assert_eq!((seen.get(2000), seen.len(), seen.get(3000)), (Some(&2000), 3000, None));
        assert_eq!((list.get(2000), list.len(), list.get(3000)), (Some(&7), 3001, Some(&3000)));
    }
}
