//! Reading places out of a table (CSV): a header line, then a row a place. Rows are read one after the other into
//! memory of a fixed size; a row that is wrong is told and left out.

use std::io::{BufRead, BufReader, Read};

use csv_core::ReadRecordResult;

use crate::base::Point;
use crate::directory::columns::{Column, Drafting, Mapping, Said, shortened};
use crate::directory::facts::Gatherer;
use crate::directory::reading::{FileFault, FileReport, Sink, Wrong};

const MAX_ROW_BYTES: usize = 64 * 1024;
const MAX_COLUMNS: usize = 256;
/// Names of columns that a refusal tells.
const MAX_SHOWN: usize = 12;
/// Rows between two tellings of progress.
const ROWS_A_TICK: u64 = 1_000;
/// What ids are good for where nobody names it.
pub(super) const SOURCE: &str = "csv";

/// Reads a whole table and hands each place to `sink`, with the number of its row; the header is row 1, as in a
/// spreadsheet. `on_kept` hears from time to time how many were handed on.
pub(super) fn read<E: From<FileFault>>(
    file: impl Read,
    mapping: &Mapping,
    gatherer: &mut Gatherer,
    mut on_kept: impl FnMut(u64),
    mut sink: impl Sink<E>,
) -> Result<FileReport, E> {
    let mut rows = Rows::open(file).map_err(FileFault::Io)?;
    let columns = rows.header(mapping)?;
    let mut drafting = Drafting::new(mapping, SOURCE, gatherer);
    let mut report = FileReport::default();
    while rows.next()? {
        report.read += 1;
        let row = report.read + 1;
        match rows.fields() {
            Ok(fields) if fields.len() != columns.len() => report.errors.note(row, Wrong::OtherColumns),
            Ok(fields) => {
                let said = said(&columns, &fields);
                let point = rows.point(&columns, &fields);
                if let Some(draft) = drafting.draft(row, said, point, &mut report) {
                    sink(row, draft)?;
                }
            }
            Err(wrong) => report.errors.note(row, wrong),
        }
        if report.read.is_multiple_of(ROWS_A_TICK) {
            on_kept(report.kept);
        }
    }
    Ok(report)
}

fn said<'a>(columns: &'a [Option<Column>], fields: &[&'a str]) -> Said<'a> {
    let mut said = Said::default();
    for (column, field) in columns.iter().zip(fields) {
        if let Some(column) = column {
            said.add(column, field);
        }
    }
    said
}

/// The rows of a table, one at a time.
struct Rows<R> {
    input: BufReader<R>,
    core: csv_core::Reader,
    /// What stands between two columns: a comma, a semicolon or a tab, whichever the header has most of.
    between: u8,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// How much of both the last row takes.
    length: (usize, usize),
}

impl<R: Read> Rows<R> {
    fn open(file: R) -> std::io::Result<Rows<R>> {
        let mut input = BufReader::with_capacity(MAX_ROW_BYTES, file);
        let first = input.fill_buf()?;
        let header = first.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |between: u8| header.iter().filter(|byte| **byte == between).count();
        // Of equals the last is taken: none of them at all is a comma's table.
        let between = *b"\t;,".iter().max_by_key(|between| count(**between)).unwrap_or(&b',');
        Ok(Rows {
            input,
            core: csv_core::ReaderBuilder::new().delimiter(between).build(),
            between,
            bytes: vec![0; MAX_ROW_BYTES],
            ends: vec![0; MAX_COLUMNS],
            length: (0, 0),
        })
    }

    /// What each column says.
    fn header(&mut self, mapping: &Mapping) -> Result<Vec<Option<Column>>, FileFault> {
        let names = if self.next()? { self.fields() } else { Ok(Vec::new()) };
        let names = names.map_err(|wrong| FileFault::Unreadable { line: 1, cause: wrong.to_string() })?;
        let columns: Vec<_> = names.iter().map(|name| mapping.column(name)).collect();
        for needed in [Column::Id, Column::Lat, Column::Lon, Column::Tag("name".to_owned())] {
            if !columns.iter().flatten().any(|column| *column == needed) {
                let mut found: Vec<_> = names.iter().take(MAX_SHOWN).map(|name| shortened(name)).collect();
                if names.len() > MAX_SHOWN {
                    found.push("…".to_owned());
                }
                return Err(FileFault::NoColumn { column: needed.name(), found: found.join(", ") });
            }
        }
        Ok(columns)
    }

    /// Reads the next row; whether there is one.
    fn next(&mut self) -> Result<bool, FileFault> {
        let (mut bytes, mut ends) = (0, 0);
        loop {
            let input = self.input.fill_buf().map_err(FileFault::Io)?;
            let (result, read, written, ended) =
                self.core.read_record(input, &mut self.bytes[bytes..], &mut self.ends[ends..]);
            self.input.consume(read);
            (bytes, ends) = (bytes + written, ends + ended);
            let cause = match result {
                ReadRecordResult::InputEmpty => continue,
                ReadRecordResult::Record => {
                    self.length = (bytes, ends);
                    return Ok(true);
                }
                ReadRecordResult::End => return Ok(false),
                ReadRecordResult::OutputFull => "a row is longer than 64 KiB; is a quotation mark missing?",
                ReadRecordResult::OutputEndsFull => "a row has more than 256 columns",
            };
            return Err(FileFault::Unreadable { line: self.core.line(), cause: cause.to_owned() });
        }
    }

    fn fields(&self) -> Result<Vec<&str>, Wrong> {
        let (bytes, ends) = (&self.bytes[..self.length.0], &self.ends[..self.length.1]);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let fields = starts.zip(ends).map(|(start, end)| bytes.get(start..*end).unwrap_or_default());
        fields.map(|field| std::str::from_utf8(field).map_err(|_| Wrong::NotUtf8)).collect()
    }

    fn point(&self, columns: &[Option<Column>], fields: &[&str]) -> Result<Point, Wrong> {
        let number = |wanted: &Column| -> Option<f64> {
            let said = columns.iter().zip(fields).filter(|(column, _)| column.as_ref() == Some(wanted));
            let text = said.map(|(_, field)| field.trim()).find(|field| !field.is_empty())?;
            // Where numbers have a decimal comma, columns are parted by something else.
            if self.between == b',' { text.parse().ok() } else { text.replace(',', ".").parse().ok() }
        };
        let (lat, lon) = number(&Column::Lat).zip(number(&Column::Lon)).ok_or(Wrong::NoPoint)?;
        Point::new(lat, lon).ok_or(Wrong::OffTheEarth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::reading::PlaceDraft;

    fn read_all(table: &[u8]) -> Result<(Vec<(u64, PlaceDraft)>, FileReport), FileFault> {
        let mut drafts = Vec::new();
        let keep = |row, draft| {
            drafts.push((row, draft));
            Ok::<_, FileFault>(())
        };
        let report = read(table, &Mapping::default(), &mut Gatherer::default(), |_| {}, keep)?;
        Ok((drafts, report))
    }

    fn wrongs(table: &[u8]) -> Vec<(u64, Wrong)> {
        let (_, report) = read_all(table).unwrap();
        report.errors.told.into_iter().map(|error| (error.row, error.wrong)).collect()
    }

    #[test]
    fn a_table_is_read_whatever_parts_its_columns() {
        for table in [
            "id,name,category,lat,lon,street,phone\n1,\"Kala, ja muuta\",cafe,60.17,24.94,Kalakatu,+358 9 1234\n",
            "\u{FEFF}id;name;category;lat;lon;street;phone\r\n\
             1;Kala, ja muuta;cafe;60,17;24,94;Kalakatu;+358 9 1234\r\n",
            "id\tname\tcategory\tlat\tlon\taddr_street\tcontact:phone\n\
             1\tKala, ja muuta\tcafe\t60.17\t24.94\tKalakatu\t+358 9 1234",
        ] {
            let (drafts, report) = read_all(table.as_bytes()).unwrap();
            let [(2, draft)] = &drafts[..] else { panic!("{table}: {report:?}") };
            assert_eq!((draft.source.as_str(), draft.facts.name.as_str()), ("csv:1", "Kala, ja muuta"));
            assert_eq!(Some(draft.point), Point::new(60.17, 24.94));
            assert_eq!(draft.facts.address.street.as_ref().unwrap().as_str(), "Kalakatu");
            assert_eq!(draft.facts.contact.phone.as_ref().unwrap().as_str(), "+358 9 1234");
            assert_eq!((report.read, report.kept, report.errors.count), (1, 1, 0));
        }
    }

    #[test]
    fn rows_that_are_wrong_are_told_with_their_number_and_the_others_are_read() {
        let table = b"id,name,category,lat,lon\n\
            1,Kala,cafe,60.17,24.94\n\
            ,Kala,cafe,60.17,24.94\n\
            3,,cafe,60.17,24.94\n\
            4,Kala,cafe,NaN,24.94\n\
            5,Kala,cafe,1e308,24.94\n\
            6,Kala,cafe,90.1,24.94\n\
            7,Kala,cafe,north,24.94\n\
            8,Kala,cafe\n\
            9,Kala,no such thing,60.17,24.94\n\
            10,Kala,,60.17,24.94\n\
            11,\xFF\xFE,cafe,60.17,24.94\n\
            12,Ka\0la,cafe,60.17,24.94\n\
            \"13\",\"Two\nlines\",cafe,60.17,24.94\n";
        let unknown = Wrong::UnknownCategory("“no such thing”".to_owned());
        let told = [
            (3, Wrong::NoId),
            (4, Wrong::NoName),
            (5, Wrong::OffTheEarth),
            (6, Wrong::OffTheEarth),
            (7, Wrong::OffTheEarth),
            (8, Wrong::NoPoint),
            (9, Wrong::OtherColumns),
            (10, unknown),
            (11, Wrong::NoCategory),
            (12, Wrong::NotUtf8),
            (13, Wrong::BadName),
        ];
        assert_eq!(wrongs(table), told);
        let (drafts, report) = read_all(table).unwrap();
        let kept: Vec<_> = drafts.iter().map(|(row, draft)| (*row, draft.facts.name.as_str())).collect();
        assert_eq!(kept, [(2, "Kala"), (14, "Two lines")]);
        assert_eq!((report.read, report.kept, report.errors.count), (13, 2, 11));
    }

    #[test]
    fn all_wrong_rows_are_counted_and_the_first_are_told() {
        let table = format!("id,name,lat,lon\n{}", "1,Kala,,\n".repeat(1_234));
        let (_, report) = read_all(table.as_bytes()).unwrap();
        assert_eq!((report.errors.count, report.errors.told.len()), (1_234, 100));
    }

    #[test]
    fn a_table_without_what_is_needed_is_refused_and_says_what_it_has() {
        let fault = |table: &[u8]| read_all(table).unwrap_err().to_string();
        assert!(fault(b"").starts_with("this table has no column id"));
        let said = fault(b"id,title,lat,lon\n");
        assert!(said.contains("no column name") && said.contains("“title”"), "{said}");
        assert!(fault(b"\xFF\xFEi\0d\0").starts_with("line 1 can't be read"));
        assert!(fault(&[0; 100]).contains("no column id"));
    }

    #[test]
    fn a_row_without_an_end_is_refused() {
        let fault = |table: String| read_all(table.as_bytes()).unwrap_err().to_string();
        let header = "id,name,lat,lon\n1,Kala,60,24\n";
        let open = fault(format!("{header}2,\"Ka{}", "la,\n".repeat(20_000)));
        assert!(open.starts_with("line ") && open.contains("longer than 64 KiB"), "{open}");
        assert!(fault(",".repeat(300)).contains("more than 256 columns"));
        assert!(fault("a".repeat(70_000)).contains("longer than 64 KiB"));
    }
}
