//! The demo's extract read whole, small files written by hand, and files that lie.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::base::Point;
use crate::directory::reading::Skipped;

const HELSINKI: &[u8] = include_bytes!("../../../assets/demo/Helsinki.osm.pbf");

fn read_all(file: &[u8]) -> Result<(Vec<PlaceDraft>, FileReport), FileFault> {
    let mut drafts = Vec::new();
    let keep = |_, draft| {
        drafts.push(draft);
        Ok::<_, FileFault>(())
    };
    let report = read(Cursor::new(file), &mut Gatherer::default(), |_| {}, keep)?;
    Ok((drafts, report))
}

fn fault_of(file: &[u8]) -> String {
    read_all(file).err().map(|fault| fault.to_string()).unwrap_or_default()
}

#[test]
fn the_demo_city_is_read_whole() {
    let (drafts, report) = read_all(HELSINKI).unwrap();
    assert_eq!((report.read, report.kept), (30_010, 1_186));
    assert_eq!(report.kept, drafts.len() as u64);
    assert_eq!(report.skipped, Skipped { unnamed: 177, bad_name: 0, closed: 14, nowhere: 0 });
    assert_eq!((report.readable_hours, report.unreadable_hours), (523, 10));

    let of_kind = |prefix: &str| drafts.iter().filter(|draft| draft.source.starts_with(prefix)).count();
    assert_eq!((of_kind("osm:node/"), of_kind("osm:way/"), of_kind("osm:relation/")), (1_131, 50, 5));
    let core = |point: Point| (60.14..60.20).contains(&point.lat()) && (24.90..24.98).contains(&point.lon());
    assert!(drafts.iter().all(|draft| core(draft.point)), "an area is where its town is");

    let tree = Categories::get();
    let sushi = tree.by_slug("sushi-restaurant").unwrap().id;
    assert!(drafts.iter().filter(|draft| draft.facts.category == sushi).count() >= 10);
}

#[test]
fn a_second_reading_finds_the_same() {
    assert_eq!(read_all(HELSINKI).unwrap(), read_all(HELSINKI).unwrap());
}

#[test]
fn progress_runs_to_its_end() {
    let mut seen = Vec::new();
    read(
        Cursor::new(HELSINKI),
        &mut Gatherer::default(),
        |progress| seen.push(progress),
        |_, _| Ok::<_, FileFault>(()),
    )
    .unwrap();
    assert!(seen.windows(2).all(|pair| pair[0].done <= pair[1].done));
    let last = seen.last().unwrap();
    assert_eq!((last.done, last.kept), (last.total, 1_186));
}

#[test]
fn a_fault_of_the_sink_stops_the_reading() {
    let mut count = 0;
    let stopped = read(
        Cursor::new(HELSINKI),
        &mut Gatherer::default(),
        |_| {},
        |_, _| {
            count += 1;
            Err(FileFault::TooLarge)
        },
    );
    assert!(matches!(stopped, Err(FileFault::TooLarge)));
    assert_eq!(count, 1);
}

#[test]
fn ways_and_relations_are_used_as_far_as_their_nodes_go() {
    let nodes = [node(1, 0, 0, &[]), node(2, 0, 2_000, &[]), node(3, 2_000, 2_000, &[]), node(4, 2_000, 0, &[])];
    let cafe = &[(1, 2), (3, 4)];
    let ways =
        [way(10, &[1, 2, 3, 4, 1], cafe), way(11, &[1, 98, 99], cafe), way(12, &[98, 99], cafe), way(13, &[2, 3], &[])];
    let relations = [relation(20, &[(13, 1), (4, 0)], &[(1, 2), (3, 4), (5, 6)]), relation(21, &[(13, 1)], cafe)];
    let strings = ["", "amenity", "cafe", "name", "Kahvila", "type", "multipolygon", "outer"];
    let (drafts, report) = read_all(&file(&[block(&strings, &[&nodes, &ways, &relations])])).unwrap();
    let places: Vec<_> = drafts.iter().map(|d| (d.source.as_str(), d.point.lat_e7(), d.point.lon_e7())).collect();
    let found = [("osm:way/10", 1_000, 1_000), ("osm:way/11", 0, 0), ("osm:relation/20", 1_333, 1_333)];
    assert_eq!(places, found);
    assert_eq!(report.skipped.nowhere, 1);
}

#[test]
fn a_node_off_the_earth_is_skipped() {
    let cafe = &[(1, 2), (3, 4)];
    let nodes = [node(1, 950_000_000, 0, cafe), node(2, 40_000_000_000, 0, cafe), node(3, 1, 1, cafe)];
    let (drafts, report) = read_all(&file(&[block(&["", "amenity", "cafe", "name", "A"], &[&nodes])])).unwrap();
    assert_eq!((drafts.len(), report.skipped.nowhere), (1, 2));
}

#[test]
fn what_is_no_pbf_is_refused_in_one_line() {
    for bytes in
        [&b""[..], b"\0", b"PK\x03\x04 a zip", b"<?xml version=\"1.0\"?><osm></osm>", &[0xFF; 4096], &[0; 4096]]
    {
        assert_eq!(fault_of(bytes), "this is no OpenStreetMap PBF file", "{bytes:?}");
    }
    let data_first = framed("OSMData", &block(&[""], &[]));
    assert_eq!(fault_of(&data_first), "this is no OpenStreetMap PBF file");
}

#[test]
fn a_file_that_was_cut_short_is_refused_before_anything_is_handed_on() {
    for length in [HELSINKI.len() - 1, HELSINKI.len() / 2, 1_000, 200] {
        let mut handed_on = 0;
        let counting = |_, _| {
            handed_on += 1;
            Ok::<_, FileFault>(())
        };
        let fault = read(Cursor::new(&HELSINKI[..length]), &mut Gatherer::default(), |_| {}, counting).unwrap_err();
        assert!(matches!(fault, FileFault::Truncated), "{length}: {fault}");
        assert_eq!(handed_on, 0);
    }
    let trailing = [HELSINKI, &[0, 0]].concat();
    assert!(matches!(read_all(&trailing), Err(FileFault::Truncated)));
}

#[test]
fn lies_are_damage_and_no_panic() {
    let strings = ["", "amenity", "cafe", "name", "A", "type", "site"];
    let strange_member = relation(1, &[(1, 9)], &[(1, 2), (3, 4), (5, 6)]);
    assert!(fault_of(&file(&[block(&strings, &[&[strange_member]])])).starts_with("the file is damaged near byte "));
    let no_such_string = node(1, 0, 0, &[(77, 2), (3, 4)]);
    assert_eq!(read_all(&file(&[block(&strings, &[&[no_such_string]])])).unwrap().0.len(), 0);

    let mut huge = file(&[]);
    huge.extend(header("OSMData", 33 * 1024 * 1024));
    assert!(fault_of(&huge).ends_with("a block has an impossible size"));
    let mut negative = file(&[]);
    negative.extend(header("OSMData", -1));
    assert!(fault_of(&negative).ends_with("a block has an impossible size"));
    let garbage = [file(&[]), framed_raw("OSMData", &[0x0A, 0xFF, 0xFF, 0xFF, 0xFF])].concat();
    assert!(fault_of(&garbage).starts_with("the file is damaged near byte "));
}

#[test]
fn a_block_that_lies_about_its_unpacked_size_is_refused_before_it_is_unpacked() {
    let zlib = {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packer, &block(&["", "amenity", "cafe", "name", "A"], &[])).unwrap();
        packer.finish().unwrap()
    };
    let saying = |size: u64| {
        let blob = [number(2, varint(size)), field(3, &zlib)].concat();
        fault_of(&[file(&[]), framed_raw("OSMData", &blob)].concat())
    };
    assert_eq!(saying(block(&["", "amenity", "cafe", "name", "A"], &[]).len() as u64), "");
    for size in [0, 1, 1_000] {
        assert!(saying(size).ends_with("a block unpacks to another size than it says"), "{size}: {}", saying(size));
    }
    for size in [(32 << 20) + 1, 1 << 40, u64::MAX] {
        assert!(saying(size).ends_with("a block says that it unpacks to an impossible size"), "{size}");
    }
}

#[test]
fn a_block_of_nothing_but_texts_is_refused() {
    let flood = field(1, &[0x0A, 0x00].repeat((1 << 20) + 1));
    assert!(fault_of(&file(&[flood])).ends_with("a block contradicts itself"));
}

#[test]
fn a_file_of_another_kind_of_extract_is_refused() {
    let history = framed("OSMHeader", &field(4, b"HistoricalInformation"));
    assert_eq!(fault_of(&history), "the file needs a feature that is not supported: HistoricalInformation");
    let zstd = [file(&[]), framed_raw("OSMData", &field(7, b"zstd"))].concat();
    assert_eq!(fault_of(&zstd), "the file needs a feature that is not supported: a compression other than zlib");
}

proptest! {
    /// Nothing here is packed or has a checksum, so that every changed byte reaches the decoder.
    #[test]
    fn no_changed_byte_panics(
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let cafe = &[(1, 2), (3, 4)];
        let nodes = [node(1, 0, 0, cafe), node(2, 500_000_000, 100, &[])];
        let ways = [way(10, &[1, 2, 1], cafe)];
        let relations = [relation(20, &[(10, 1), (1, 0)], &[(1, 2), (3, 4), (5, 6)])];
        let strings = ["", "amenity", "cafe", "name", "Kahvila", "type", "site"];
        let mut bytes = file(&[block(&strings, &[&nodes, &ways, &relations])]);
        *at.get_mut(&mut bytes) = to;
        let _ = read_all(&bytes);
        let _ = read_all(&bytes[..cut.index(bytes.len())]);
    }
}

// A writer of files, as small as the format allows.

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

fn zigzag(value: i64) -> Vec<u8> {
    varint(((value << 1) ^ (value >> 63)) as u64)
}

fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn number(number: u64, encoded: Vec<u8>) -> Vec<u8> {
    [varint(number << 3), encoded].concat()
}

/// Ids as the format keeps them: each as its distance from the one before.
fn deltas(ids: impl Iterator<Item = i64>) -> Vec<u8> {
    let mut last = 0;
    ids.flat_map(|id| zigzag(id - std::mem::replace(&mut last, id))).collect()
}

fn tags(pairs: &[(u64, u64)]) -> Vec<u8> {
    let keys: Vec<u8> = pairs.iter().flat_map(|pair| varint(pair.0)).collect();
    let values: Vec<u8> = pairs.iter().flat_map(|pair| varint(pair.1)).collect();
    [field(2, &keys), field(3, &values)].concat()
}

fn node(id: i64, lat_e7: i64, lon_e7: i64, pairs: &[(u64, u64)]) -> Vec<u8> {
    field(1, &[number(1, zigzag(id)), tags(pairs), number(8, zigzag(lat_e7)), number(9, zigzag(lon_e7))].concat())
}

fn way(id: u64, nodes: &[i64], pairs: &[(u64, u64)]) -> Vec<u8> {
    field(3, &[number(1, varint(id)), tags(pairs), field(8, &deltas(nodes.iter().copied()))].concat())
}

/// Members as pairs of an id and a type: 0 for a node, 1 for a way.
fn relation(id: u64, members: &[(i64, u64)], pairs: &[(u64, u64)]) -> Vec<u8> {
    let roles = vec![0; members.len()];
    let types: Vec<u8> = members.iter().flat_map(|member| varint(member.1)).collect();
    let ids = deltas(members.iter().map(|member| member.0));
    field(4, &[number(1, varint(id)), tags(pairs), field(8, &roles), field(9, &ids), field(10, &types)].concat())
}

fn block(strings: &[&str], groups: &[&[Vec<u8>]]) -> Vec<u8> {
    let table: Vec<u8> = strings.iter().flat_map(|text| field(1, text.as_bytes())).collect();
    let groups = groups.iter().flat_map(|group| field(2, &group.concat()));
    [field(1, &table), groups.collect()].concat()
}

fn header(kind: &str, size: i32) -> Vec<u8> {
    let header = [field(1, kind.as_bytes()), number(3, varint(i64::from(size) as u64))].concat();
    [(header.len() as u32).to_be_bytes().to_vec(), header].concat()
}

fn framed_raw(kind: &str, blob: &[u8]) -> Vec<u8> {
    [header(kind, blob.len() as i32), blob.to_vec()].concat()
}

fn framed(kind: &str, content: &[u8]) -> Vec<u8> {
    framed_raw(kind, &field(1, content))
}

fn file(blocks: &[Vec<u8>]) -> Vec<u8> {
    let head = framed("OSMHeader", &field(4, b"OsmSchema-V0.6"));
    blocks.iter().fold(head, |file, block| [file, framed("OSMData", block)].concat())
}
