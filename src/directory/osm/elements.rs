//! A block of elements: nodes, ways and relations with their tags, shown one after the other as they lie in its bytes.
//! An element that is no place costs nothing but its reading.

use crate::directory::categories::{Tags, tells_what_it_is};

use super::wire::{Broken, Deltas, Fields, Packed, zigzag};

/// Texts of one block. What writes extracts keeps to 8,000 elements a block.
const MAX_STRINGS: usize = 1 << 20;

pub(super) struct Node<'a> {
    pub id: i64,
    /// Latitude and longitude.
    pub nanodegrees: (i64, i64),
    pub tags: TagIds<'a>,
}

pub(super) struct Way<'a> {
    pub id: i64,
    pub nodes: Deltas<'a>,
    pub tags: TagIds<'a>,
}

pub(super) struct Relation<'a> {
    pub id: i64,
    pub members: Members<'a>,
    pub tags: TagIds<'a>,
}

pub(super) enum Element<'a> {
    Node(Node<'a>),
    Way(Way<'a>),
    Relation(Relation<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberKind {
    Node,
    Way,
    Relation,
}

/// What a relation is made of.
#[derive(Clone, Copy, Default)]
pub(super) struct Members<'a> {
    ids: Deltas<'a>,
    kinds: Packed<'a>,
    roles: Packed<'a>,
}

impl Members<'_> {
    /// The next member: what it is, its id, and the number of the text that is its role.
    pub(super) fn next(&mut self) -> Result<Option<(MemberKind, i64, u64)>, Broken> {
        let Some(id) = self.ids.next()? else { return Ok(None) };
        let kind = match self.kinds.next()? {
            Some(0) => MemberKind::Node,
            Some(1) => MemberKind::Way,
            Some(2) => MemberKind::Relation,
            Some(_) | None => return Err(Broken),
        };
        Ok(Some((kind, id, self.roles.next()?.unwrap_or_default())))
    }
}

/// The numbers of texts that are keys and values.
#[derive(Clone, Copy)]
pub(super) enum TagIds<'a> {
    Apart {
        keys: Packed<'a>,
        values: Packed<'a>,
    },
    /// Key and value in turn.
    InTurn(Packed<'a>),
}

impl TagIds<'_> {
    fn next(&mut self) -> Result<Option<(u64, u64)>, Broken> {
        let (key, value) = match self {
            TagIds::Apart { keys, values } => (keys.next()?, values.next()?),
            TagIds::InTurn(list) => (list.next()?, list.next()?),
        };
        Ok(key.zip(value))
    }
}

/// The texts of one block.
pub(super) struct Texts<'a> {
    texts: Vec<&'a [u8]>,
    /// Whether a text is a key that can tell what a place is.
    is_telling: Vec<bool>,
}

impl<'a> Texts<'a> {
    fn new(table: &'a [u8]) -> Result<Texts<'a>, Broken> {
        // Counted first: a list that grows has its texts twice while it moves.
        let (mut count, mut fields) = (0, Fields(table));
        while let Some((number, _)) = fields.next()? {
            count += usize::from(number == 1);
        }
        if count > MAX_STRINGS {
            return Err(Broken);
        }
        let (mut texts, mut fields) = (Vec::with_capacity(count), Fields(table));
        while let Some((number, value)) = fields.next()? {
            if number == 1 {
                texts.push(value.bytes()?);
            }
        }
        let is_telling = texts.iter().map(|text| tells_what_it_is(text)).collect();
        Ok(Texts { texts, is_telling })
    }

    pub(super) fn text(&self, number: u64) -> Option<&'a str> {
        let text = self.texts.get(usize::try_from(number).ok()?)?;
        std::str::from_utf8(text).ok()
    }

    /// The tags of what may be a place; `None` without a key that can tell so. A tag that is no text is left out.
    pub(super) fn tags(&self, mut ids: TagIds<'_>) -> Result<Option<Tags<'a>>, Broken> {
        let mut all = ids;
        let is_telling = |key: u64| usize::try_from(key).ok().and_then(|key| self.is_telling.get(key).copied());
        loop {
            match ids.next()? {
                Some((key, _)) if is_telling(key) == Some(true) => break,
                Some(_) => {}
                None => return Ok(None),
            }
        }
        let mut tags = Vec::new();
        while let Some((key, value)) = all.next()? {
            tags.extend(self.text(key).zip(self.text(value)));
        }
        Ok(Some(tags.into_iter().collect()))
    }
}

/// Why a block is not read to its end.
pub(super) enum Stop<E> {
    Broken,
    Met(E),
}

impl<E> Stop<E> {
    pub(super) fn met(fault: impl Into<E>) -> Stop<E> {
        Stop::Met(fault.into())
    }
}

impl<E> From<Broken> for Stop<E> {
    fn from(_: Broken) -> Stop<E> {
        Stop::Broken
    }
}

/// Shows every element of a block.
pub(super) fn each_element<'a, E>(
    block: &'a [u8],
    mut meet: impl FnMut(&Texts<'a>, Element<'a>) -> Result<(), Stop<E>>,
) -> Result<(), Stop<E>> {
    let mut scale = Scale { granularity: 100, offset: (0, 0) };
    let mut table: &[u8] = &[];
    let mut fields = Fields(block);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => table = value.bytes()?,
            17 => scale.granularity = value.number()?.cast_signed(),
            19 => scale.offset.0 = value.number()?.cast_signed(),
            20 => scale.offset.1 = value.number()?.cast_signed(),
            _ => {}
        }
    }
    let texts = Texts::new(table)?;
    let mut fields = Fields(block);
    while let Some((number, value)) = fields.next()? {
        if number == 2 {
            each_of_group(value.bytes()?, scale, &mut |element| meet(&texts, element))?;
        }
    }
    Ok(())
}

/// From the numbers of a block to billionths of a degree.
#[derive(Clone, Copy)]
struct Scale {
    granularity: i64,
    offset: (i64, i64),
}

impl Scale {
    fn nanodegrees(self, lat: i64, lon: i64) -> (i64, i64) {
        // What overflows ends off the earth or at a wrong point of a file that lies; both are no harm.
        let of = |offset: i64, number: i64| offset.wrapping_add(self.granularity.wrapping_mul(number));
        (of(self.offset.0, lat), of(self.offset.1, lon))
    }
}

fn each_of_group<'a, E>(
    group: &'a [u8],
    scale: Scale,
    meet: &mut impl FnMut(Element<'a>) -> Result<(), Stop<E>>,
) -> Result<(), Stop<E>> {
    let mut fields = Fields(group);
    while let Some((number, value)) = fields.next()? {
        let element = match number {
            1 => Element::Node(node(value.bytes()?, scale)?),
            2 => {
                each_dense(value.bytes()?, scale, meet)?;
                continue;
            }
            3 => Element::Way(way(value.bytes()?)?),
            4 => Element::Relation(relation(value.bytes()?)?),
            _ => continue,
        };
        meet(element)?;
    }
    Ok(())
}

fn node(message: &[u8], scale: Scale) -> Result<Node<'_>, Broken> {
    let (mut id, mut lat, mut lon) = (0, 0, 0);
    let (mut keys, mut values) = (Packed::default(), Packed::default());
    let mut fields = Fields(message);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => id = zigzag(value.number()?),
            2 => keys = Packed(value.bytes()?),
            3 => values = Packed(value.bytes()?),
            8 => lat = zigzag(value.number()?),
            9 => lon = zigzag(value.number()?),
            _ => {}
        }
    }
    Ok(Node { id, nanodegrees: scale.nanodegrees(lat, lon), tags: TagIds::Apart { keys, values } })
}

/// Nodes whose numbers stand in one list each.
fn each_dense<'a, E>(
    message: &'a [u8],
    scale: Scale,
    meet: &mut impl FnMut(Element<'a>) -> Result<(), Stop<E>>,
) -> Result<(), Stop<E>> {
    let (mut ids, mut lats, mut lons) = (Deltas::default(), Deltas::default(), Deltas::default());
    let mut tags = Packed::default();
    let mut fields = Fields(message);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => ids = Deltas::new(value.bytes()?),
            8 => lats = Deltas::new(value.bytes()?),
            9 => lons = Deltas::new(value.bytes()?),
            10 => tags = Packed(value.bytes()?),
            _ => {}
        }
    }
    while let Some(id) = ids.next()? {
        let (Some(lat), Some(lon)) = (lats.next()?, lons.next()?) else { return Err(Stop::Broken) };
        let own = tags.until_zero()?;
        let node = Node { id, nanodegrees: scale.nanodegrees(lat, lon), tags: TagIds::InTurn(own) };
        meet(Element::Node(node))?;
    }
    Ok(())
}

fn way(message: &[u8]) -> Result<Way<'_>, Broken> {
    let mut id = 0;
    let (mut keys, mut values, mut nodes) = (Packed::default(), Packed::default(), Deltas::default());
    let mut fields = Fields(message);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => id = value.number()?.cast_signed(),
            2 => keys = Packed(value.bytes()?),
            3 => values = Packed(value.bytes()?),
            8 => nodes = Deltas::new(value.bytes()?),
            _ => {}
        }
    }
    Ok(Way { id, nodes, tags: TagIds::Apart { keys, values } })
}

fn relation(message: &[u8]) -> Result<Relation<'_>, Broken> {
    let mut id = 0;
    let (mut keys, mut values) = (Packed::default(), Packed::default());
    let mut members = Members::default();
    let mut fields = Fields(message);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => id = value.number()?.cast_signed(),
            2 => keys = Packed(value.bytes()?),
            3 => values = Packed(value.bytes()?),
            8 => members.roles = Packed(value.bytes()?),
            9 => members.ids = Deltas::new(value.bytes()?),
            10 => members.kinds = Packed(value.bytes()?),
            _ => {}
        }
    }
    Ok(Relation { id, members, tags: TagIds::Apart { keys, values } })
}
