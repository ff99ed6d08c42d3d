//! Lists of lists in two arrays: one allocation instead of one for each list, and neighbours in memory.

/// Lists by number, each of any length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lists<T> {
    /// Where each list starts; one more at the end.
    starts: Vec<u32>,
    items: Vec<T>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self {
            starts: vec![0],
            items: Vec::new(),
        }
    }
}

impl<T> Lists<T> {
    /// No lists, with room for so many of them and for so many items in all.
    #[must_use]
    pub fn with_room(lists: usize, items: usize) -> Self {
        let mut starts = Vec::with_capacity(lists + 1);
        starts.push(0);
        Self {
            starts,
            items: Vec::with_capacity(items),
        }
    }

    /// Adds one list.
    pub fn push(&mut self, items: impl IntoIterator<Item = T>) {
        self.items.extend(items);
        self.starts.push(self.items.len() as u32);
    }

    /// The list with this number; empty if there is none.
    #[must_use]
    #[inline]
    pub fn of(&self, number: u32) -> &[T] {
        let number = number as usize;
        match (self.starts.get(number), self.starts.get(number + 1)) {
            (Some(start), Some(end)) => self.items.get(*start as usize..*end as usize).unwrap_or(&[]),
            _ => &[],
        }
    }

    /// How many lists there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// True if there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Items in all lists.
    #[must_use]
    pub const fn items(&self) -> usize {
        self.items.len()
    }

    /// Adds the lists of another after its own.
    pub fn append(&mut self, other: &Self)
    where
        T: Copy,
    {
        if self.is_empty() {
            self.clone_from(other);
        } else {
            other.iter().for_each(|list| self.push(list.iter().copied()));
        }
    }

    /// The items of all lists, one list after the other.
    #[must_use]
    pub fn into_items(self) -> Vec<T> {
        self.items
    }

    /// The lists by number.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[T]> + Clone {
        (0..self.len() as u32).map(|number| self.of(number))
    }
}

impl Lists<u32> {
    /// Items by key: of every (key, item), the item is in the list of the key, in the order in which they come.
    /// Keys from `lists` on are passed over.
    #[must_use]
    pub fn grouped(lists: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let pairs = pairs.filter(move |(key, _)| (*key as usize) < lists);
        let mut starts = vec![0_u32; lists + 2];
        for (key, _) in pairs.clone() {
            if let Some(count) = starts.get_mut(key as usize + 2) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for slot in &mut starts {
            sum += *slot;
            *slot = sum;
        }
        let mut items = vec![0_u32; sum as usize];
        for (key, item) in pairs {
            let Some(place) = starts.get_mut(key as usize + 1) else {
                continue;
            };
            if let Some(slot) = items.get_mut(*place as usize) {
                *slot = item;
            }
            *place += 1;
        }
        starts.pop();
        Self { starts, items }
    }
}

impl<T> FromIterator<Vec<T>> for Lists<T> {
    fn from_iter<I: IntoIterator<Item = Vec<T>>>(each: I) -> Self {
        let mut lists = Self::default();
        for list in each {
            lists.push(list);
        }
        lists
    }
}

#[cfg(test)]
mod tests {
    use super::Lists;

    #[test]
    fn items_lie_in_the_list_of_their_key_in_order() {
        let pairs = [(2, 7), (0, 1), (2, 3), (2, 5)];
        let lists = Lists::grouped(4, pairs.into_iter());
        let found: Vec<&[u32]> = lists.iter().collect();
        assert_eq!(found, [&[1][..], &[], &[7, 3, 5], &[]]);
        let pushed: Lists<u32> = [vec![1], vec![], vec![7, 3, 5], vec![]].into_iter().collect();
        assert_eq!(lists, pushed);
        assert!(lists.of(9).is_empty());
    }
}
