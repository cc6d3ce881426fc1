//! The proof that indexes equal their tables: every row has its entries, and no entry is without its row.

use std::collections::HashMap;

use crate::base::Fault;
use crate::store::{Described, Snapshot};

/// Faults listed for one table or index; more of the same tell nothing new.
const LISTED: usize = 20;

/// What is wrong with the rows and indexes of these tables, one line each; nothing if all is well.
pub fn check(snapshot: &Snapshot, tables: &[Described]) -> Result<Vec<String>, Fault> {
    let by_number: HashMap<u16, &Described> = tables.iter().map(|table| (table.number, table)).collect();
    let indexes: HashMap<u16, &'static str> =
        tables.iter().flat_map(|table| &table.indexes).map(|(number, name, _)| (*number, *name)).collect();
    let mut faults = Vec::new();
    let (mut wanted, mut found): (HashMap<u16, u64>, HashMap<u16, u64>) = Default::default();
    for pair in snapshot.all_rows()? {
        let (full_key, value) = pair?;
        let Some((number, key)) = full_key.split_first_chunk::<2>() else {
            faults.push("a key is too short to be of any table".to_owned());
            continue;
        };
        let number = u16::from_be_bytes(*number);
        if let Some(table) = by_number.get(&number) {
            match (table.expected)(key, &value) {
                Ok(entries) => {
                    for (entry, owner) in entries {
                        let index = entry.first_chunk::<2>().map_or(0, |number| u16::from_be_bytes(*number));
                        *wanted.entry(index).or_default() += 1;
                        if snapshot.get_bytes(&entry)?.as_ref() != Some(&owner) {
                            faults.push(format!("{}: a row is not in its index {index}", table.name));
                        }
                    }
                }
                Err(fault) => faults.push(fault.to_string()),
            }
        } else if indexes.contains_key(&number) {
            *found.entry(number).or_default() += 1;
        } else {
            faults.push(format!("a row lies under the number {number}, which no table has"));
        }
        if faults.len() >= LISTED {
            faults.push("and maybe more".to_owned());
            return Ok(faults);
        }
    }
    for (number, name) in indexes {
        let (wanted, found) = (wanted.get(&number).unwrap_or(&0), found.get(&number).unwrap_or(&0));
        if wanted != found {
            faults.push(format!("{name}: {found} entries, {wanted} expected"));
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::store::tests::{BY_LENGTH, WORDS, memory};
    use crate::store::{IndexOf, Key, Outcome, Table};

    /// The index's own bytes as a table, to do what the store itself never does.
    static BROKEN: Table<(u64, u32), ()> = Table::new(901, "broken", &[]);

    #[test]
    fn a_lost_and_a_stray_index_entry_are_both_found() {
        let store = memory();
        let write = |outcome: Outcome<(), ()>| outcome.unwrap();
        write(store.write_blocking(|tx| Ok(tx.put(&WORDS, &7, &"salt".to_owned())?)).outcome);
        let faults = || check(&store.snapshot().unwrap(), &[WORDS.described()]).unwrap();
        assert_eq!(faults(), Vec::<String>::new());
        assert_eq!((BY_LENGTH.number(), BROKEN.number()), (901, 901));
        write(store.write_blocking(|tx| Ok(tx.delete(&BROKEN, &(4, 7))?)).outcome);
        assert!(faults().iter().any(|fault| fault.contains("not in its index")), "{:?}", faults());
        write(store.write_blocking(|tx| Ok(tx.put(&BROKEN, &(4, 7), &())?)).outcome);
        write(store.write_blocking(|tx| Ok(tx.put(&BROKEN, &(5, 7), &())?)).outcome);
        assert!(faults().iter().any(|fault| fault.contains("2 entries, 1 expected")), "{:?}", faults());
        assert_eq!((5u64, 7u32).to_bytes().len(), 12);
    }
}
