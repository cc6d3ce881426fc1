//! What lies on the disk, as every release wrote it.

use crate::base::{Code, Currency, Id};
use crate::store::golden;

use super::*;

#[test]
fn keys_are_read_as_they_were_written() {
    let file = "keys";
    golden::key(file, "u8", &7_u8);
    golden::key(file, "u16", &258_u16);
    golden::key(file, "u32", &16_909_060_u32);
    golden::key(file, "u64", &72_623_859_790_382_856_u64);
    golden::key(file, "i64 below zero", &-2_i64);
    golden::key(file, "i64 above zero", &2_i64);
    golden::key(file, "bool", &true);
    golden::key(file, "bytes", &[1_u8, 2, 255]);
    golden::key(file, "text", &"a\0b\u{e9}".to_owned());
    golden::key(file, "empty text", &String::new());
    golden::key(file, "time", &START);
    golden::key(file, "id", &Id::<Table<u8, u8>>::from_bytes([9; 16]));
    golden::key(file, "code", &Code::from_bits(0x0012_3456_789A_BCDE).unwrap());
    golden::key(file, "currency", &Currency::EUR);
    golden::key(file, "tuple", &(7_u8, "x".to_owned(), START, (), 1_u32));
}

#[test]
fn log_rows_and_heads_are_read_as_they_were_written() {
    let head = Head { store_id: [3; 16], schema: 1, epoch: 2, seq: 300, at: START, origin: Origin::Real };
    golden::value("store", "head of a real city", &head);
    golden::value("store", "head of a demo", &Head { origin: Origin::Demo, ..head });
    let put = Effect { key: vec![0, 1, 7], value: Some(vec![1, 2, 3]) };
    let empty = Effect { key: vec![0, 2, 7], value: Some(vec![]) };
    let delete = Effect { key: vec![0, 1, 8], value: None };
    let batch = Batch { seq: 300, epoch: 2, id: [4; 16], at: START, effects: vec![put, empty, delete] };
    golden::value("store", "batch", &batch);
    golden::value("store", "empty batch", &Batch { effects: vec![], ..batch });
}

#[test]
fn the_time_of_a_batch_is_read_without_its_effects() {
    let effects = vec![Effect { key: vec![0, 1, 7], value: Some(vec![1, 2, 3]) }];
    let row = Batch { seq: 300, epoch: 2, id: [4; 16], at: START, effects }.to_row();
    assert_eq!(Batch::time_of(&row), Ok(START));
    let end_of_time = 31;
    assert_eq!(Batch::time_of(&row[..end_of_time]), Ok(START));
    assert!(Batch::time_of(&row[..end_of_time - 1]).is_err());
}

#[test]
fn migrations_that_go_on_are_read_as_they_were_written() {
    let begun = Migrating { to: 2, seq: 300, rows: 1000, cursor: Some(vec![0, 7, 255]) };
    golden::row(&MIGRATING, "going on", &(), &begun);
    golden::row(&MIGRATING, "not begun", &(), &Migrating { rows: 0, cursor: None, ..begun });
}

#[test]
fn remembered_answers_are_read_as_they_were_written() {
    let key = ([5; 16], "a key".to_owned());
    let remembered = Remembered { request: [6; 32], answer: vec![1, 2], at: START };
    golden::row(&REMEMBERED, "first", &key, &remembered);
}

#[test]
fn rows_and_keys_that_are_cut_off_or_go_on_are_not_read() {
    let row = Remembered { request: [6; 32], answer: vec![1, 2], at: START }.to_row();
    for end in 0..row.len() {
        assert!(Remembered::from_row(&row[..end]).is_err(), "{end}");
    }
    for key in [&[][..], &[0xFF], &[0], b"abc", b"abc\0", b"abc\0\x01", b"\xFF\0\0"] {
        assert_eq!(String::decode(&mut &key[..]), None, "{key:?}");
    }
    assert_eq!(bool::decode(&mut &[2_u8][..]), None);
}
