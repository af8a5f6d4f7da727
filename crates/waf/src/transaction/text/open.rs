//! Which gates are open to a string.

use super::{CLOSED, NONE, Recent, StrId, Strings, edits, offset};
use crate::plan::{Gate, Gates, Parts, Reach};

impl Strings {
    /// Whether what the gates are to a value and to what the chains make of it was worked out.
    pub(crate) fn was_scanned(&self, id: StrId) -> bool {
        self.item(id).all_open != NONE
    }

    /// Where the gates open to a string are kept, those that these parts tell of among them.
    fn open_at(&mut self, gates: &Gates, id: StrId, parts: Parts) -> usize {
        let origin = self.origin(id);
        let item = self.item(origin);
        if item.opened.has(parts) && item.open != NONE {
            return item.open as usize;
        }
        let set = self.set(origin);
        let mut row = std::mem::take(&mut self.row);
        let mut factors = std::mem::take(&mut self.factors);
        row.clear();
        row.extend_from_slice(self.row_at(item.open, gates.words()));
        row.resize(gates.words(), 0);
        factors.clear();
        let mut hits = NONE;
        let (woken, parts) = match self.look_long(gates, origin, parts, &mut factors) {
            Some(woken) => {
                gates.open_by(item.slice.len(), &set, &factors, &mut row);
                hits = offset(self.hits.len());
                self.hits.extend_from_slice(&factors);
                (woken, parts.with(Reach::All.part()))
            }
            None => {
                let text = (self.bytes(item.slice), &set);
                let known = (parts, item.opened);
                (gates.open(known, text, &mut factors, &mut row), parts)
            }
        };
        let at = self.keep_row(&row);
        self.row = row;
        self.factors = factors;
        if let Some(item) = self.items.get_mut(origin.0 as usize) {
            item.open = at;
            item.opened = item.opened.with(parts);
            item.woken |= woken;
            item.hits = hits.min(item.hits);
        }
        at as usize
    }

    /// Looks at a long string for what gates of all strings ask for: at all of it, or, where it was made of one
    /// that was looked at, at what is not the same. The detectors that are woken. `None` where
    /// the parts asked for look for less, or for something else.
    fn look_long(
        &mut self,
        gates: &Gates,
        id: StrId,
        parts: Parts,
        hits: &mut Vec<u64>,
    ) -> Option<u32> {
        /// Shorter strings are looked at sooner than compared.
        const LONG: usize = 2 << 10;
        let item = self.item(id);
        let all = Reach::All.part();
        if item.slice.len() < LONG || item.hits != NONE || !gates.are_of_all(parts) {
            return None;
        }
        let before = std::iter::successors(Some(item), |own| {
            self.items.get(own.made_of as usize).copied()
        });
        let mut before = before.skip(1);
        let Some(before) = before.find(|own| own.hits != NONE) else {
            let text = self.bytes(item.slice);
            return parts.has(all).then(|| gates.look(text, &item.set, hits));
        };
        let mut edited = std::mem::take(&mut self.parts);
        let after = self.bytes(item.slice);
        let longest = gates.longest().saturating_sub(1);
        let is_like = edits::edited(self.bytes(before.slice), after, longest, &mut edited);
        let woken = is_like.then(|| {
            let known = self.hits.get(before.hits as usize..).unwrap_or_default();
            hits.extend(known.iter().take(gates.look_words()));
            let each = edited.iter().filter_map(|part| after.get(part.clone()));
            each.fold(before.woken, |woken, part| {
                woken | gates.look(part, &item.set, hits)
            })
        });
        self.parts = edited;
        woken
    }

    /// A row of gates; nothing where there is none.
    fn row_at(&self, at: u32, words: usize) -> &[u64] {
        let start = at as usize;
        self.open.get(start..start + words).unwrap_or_default()
    }

    /// Where a row of gates lies, put there unless one like it was made of late.
    fn keep_row(&mut self, row: &[u64]) -> u32 {
        let place = Recent::place(row);
        let known = self.rows.get(place);
        if let Some(known) = known.filter(|known| self.row_at(*known, row.len()) == row) {
            return known;
        }
        let at = offset(self.open.len());
        self.open.extend_from_slice(row);
        self.rows.put(place, at);
        at
    }

    /// The string of which this is the lower case, or itself.
    fn origin(&self, id: StrId) -> StrId {
        let mut origin = id;
        while self.item(origin).folded_from != NONE {
            origin = StrId(self.item(origin).folded_from);
        }
        origin
    }

    /// The detectors that the words of a string wake; `None` where the gates do not tell.
    pub(crate) fn woken(&mut self, gates: &Gates, id: StrId) -> Option<u32> {
        gates.knows_words().then(|| {
            self.open_at(gates, id, Reach::All.part());
            self.item(self.origin(id)).woken
        })
    }

    /// Whether a gate is open to a string.
    pub(crate) fn is_open(&mut self, gates: &Gates, id: StrId, gate: Gate) -> bool {
        gate.is_in(self.open(gates, id, gates.home(gate)))
    }

    /// The gates open to a string, those that these parts tell of among them.
    pub(crate) fn open(&mut self, gates: &Gates, id: StrId, parts: Parts) -> &[u64] {
        let at = self.open_at(gates, id, parts);
        self.open.get(at..).unwrap_or_default()
    }

    /// Notes that these gates may be open to what the chains of a field make of a value; none, where the
    /// row is empty.
    pub(crate) fn may_open(&mut self, id: StrId, open: &[u64]) {
        let before = match self.items.get(id.0 as usize) {
            Some(item) => item.all_open,
            None => return,
        };
        let all_open = match before {
            NONE if open.is_empty() => CLOSED,
            known if open.is_empty() => known,
            NONE | CLOSED => self.keep_row(open),
            known => {
                let mut row = std::mem::take(&mut self.row);
                row.clear();
                let both = self.row_at(known, open.len()).iter().zip(open);
                row.extend(both.map(|(known, own)| known | own));
                let at = self.keep_row(&row);
                self.row = row;
                at
            }
        };
        if let Some(item) = self.items.get_mut(id.0 as usize) {
            item.all_open = all_open;
        }
    }

    /// Whether a gate may be open to what the chains make of a scanned value. True for values that
    /// were not scanned.
    #[inline]
    pub(crate) fn may_pass(&self, id: StrId, gate: Gate) -> bool {
        let at = self
            .items
            .get(id.0 as usize)
            .map_or(NONE, |item| item.all_open);
        at == NONE || gate.is_in(self.open.get(at as usize..).unwrap_or_default())
    }

    /// Whether a gate is open to a string, where that was worked out already.
    #[inline]
    pub(crate) fn known_open(&self, gates: &Gates, id: StrId, gate: Gate) -> Option<bool> {
        let item = self.items.get(self.origin(id).index())?;
        let is_known = item.opened.meets(gates.within(gate));
        is_known.then(|| gate.is_in(self.open.get(item.open as usize..).unwrap_or_default()))
    }
}
