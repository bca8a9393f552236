//! The lines of a backup as pieces. Nothing in the file is taken for granted.

use super::{End, FORMAT, Header, TABLES, VERSION};
use crate::db::{Piece, Val, check_steps};
use crate::{DataKeyRow, KeyPurpose, OpenError};
use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use downcity_core::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// The longest line, in bytes.
const LONGEST: u64 = 64 * 1024 * 1024;
/// Rows that are handed on together.
const ROWS: usize = 200;

/// Why a backup can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DumpError {
    /// The file can't be read.
    #[error("the backup can't be read: {0}")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("this is no backup of a Federation")]
    Foreign,
    /// A newer program has made it.
    #[error(
        "the backup has version {0} of the format, and this program reads version {VERSION}: use a newer one"
    )]
    Newer(u32),
    /// Its schema is not one of this program's.
    #[error("the backup's schema can't be used: {0}")]
    Schema(OpenError),
    /// It ends before its last line.
    #[error("the backup is cut off: its end is missing, so it can't be trusted")]
    CutOff,
    /// Its content is not what was written.
    #[error("the backup is damaged or was changed: {0}")]
    Damaged(String),
}

/// What a whole backup that fits its checksum says of itself.
#[derive(Debug)]
pub struct Verified {
    /// Its first line.
    pub header: Header,
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
    /// The ids of the master keys that its data keys are wrapped under: one.
    pub master_key_ids: Vec<String>,
    /// Its data keys.
    pub data_keys: Vec<DataKeyRow>,
}

/// A backup that is being read.
pub(super) struct Dump<P> {
    header: Header,
    file: Box<dyn BufRead + Send>,
    hash: Context,
    rows: BTreeMap<String, u64>,
    read: u64,
    table: Option<(String, usize)>,
    /// A line that was read too far.
    next: Option<Value>,
    over: bool,
    progress: P,
}

impl<P: FnMut(u64)> Dump<P> {
    pub(super) fn open(path: &Path, progress: P) -> Result<Self, DumpError> {
        Self::read(Box::new(BufReader::with_capacity(1 << 18, File::open(path)?)), progress)
    }

    /// Reads the first line.
    pub(super) fn read(mut file: Box<dyn BufRead + Send>, progress: P) -> Result<Self, DumpError> {
        let mut first = Vec::new();
        file.by_ref().take(64 * 1024).read_until(b'\n', &mut first)?;
        let header: Value = serde_json::from_slice(&first).map_err(|_| DumpError::Foreign)?;
        if header["format"] != FORMAT {
            return Err(DumpError::Foreign);
        }
        if header["version"] != VERSION {
            let version = header["version"].as_u64().and_then(|version| u32::try_from(version).ok());
            return Err(version.map_or(DumpError::Foreign, DumpError::Newer));
        }
        let header: Header = serde_json::from_value(header).map_err(|_| DumpError::Foreign)?;
        check_steps(&header.steps).map_err(DumpError::Schema)?;
        let mut hash = Context::new(&SHA256);
        hash.update(&first);
        let rows = BTreeMap::new();
        Ok(Self { header, file, hash, rows, read: 0, table: None, next: None, over: false, progress })
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The next line, or none after the last.
    fn line(&mut self) -> Result<Option<Value>, DumpError> {
        if let Some(line) = self.next.take() {
            return Ok(Some(line));
        }
        let mut text = Vec::new();
        (&mut self.file).take(LONGEST).read_until(b'\n', &mut text)?;
        if text.pop() != Some(b'\n') {
            return Err(DumpError::CutOff);
        }
        let mut line: Value =
            serde_json::from_slice(&text).map_err(|_| self.damaged("a line is not what was written"))?;
        if let Some(end) = line.get_mut("end") {
            let end = serde_json::from_value(end.take()).map_err(|_| self.damaged("its last line is not"))?;
            return self.check_end(&end).map(|()| None);
        }
        text.push(b'\n');
        self.hash.update(&text);
        Ok(Some(line))
    }

    fn check_end(&mut self, end: &End) -> Result<(), DumpError> {
        let mut more = [0; 1];
        if self.file.read(&mut more)? > 0 {
            return Err(self.damaged("something follows its last line"));
        }
        if hex(self.hash.clone().finish().as_ref()) != end.sha256 {
            return Err(self.damaged("its content does not fit its checksum"));
        }
        if end.rows != self.rows {
            return Err(self.damaged("it has not as many rows as it says"));
        }
        self.over = true;
        Ok(())
    }

    fn damaged(&self, what: &str) -> DumpError {
        DumpError::Damaged(format!("{what} (after {} rows)", self.read))
    }

    fn piece(&mut self) -> Result<Option<Piece>, DumpError> {
        let Some(line) = self.line()? else { return Ok(None) };
        if let Value::Array(first) = line {
            return self.rows_from(first).map(Some);
        }
        let name = line["table"].as_str().filter(|name| TABLES.contains(name));
        let columns: Option<Vec<String>> = line["columns"].as_array().and_then(|all| {
            let named = |column: &Value| column.as_str().filter(|name| is_name(name)).map(str::to_owned);
            all.iter().map(named).collect()
        });
        let (Some(name), Some(columns)) = (name.map(str::to_owned), columns) else {
            return Err(self.damaged("it has a table that is not known"));
        };
        if self.rows.insert(name.clone(), 0).is_some() {
            return Err(self.damaged("it has a table twice"));
        }
        self.table = Some((name.clone(), columns.len()));
        Ok(Some(Piece::Table { name, columns }))
    }

    /// This row and those that follow, up to some.
    fn rows_from(&mut self, first: Vec<Value>) -> Result<Piece, DumpError> {
        let Some((table, width)) = self.table.clone() else {
            return Err(self.damaged("a row belongs to no table"));
        };
        let mut rows = Vec::with_capacity(ROWS);
        let mut next = Some(first);
        while let Some(row) = next.take() {
            let cells: Option<Vec<Val>> = row.into_iter().map(cell).collect();
            let cells = cells.filter(|cells| cells.len() == width);
            rows.push(cells.ok_or_else(|| self.damaged(&format!("a row of {table} is not one")))?);
            self.read += 1;
            *self.rows.entry(table.clone()).or_default() += 1;
            if rows.len() == ROWS {
                break;
            }
            match self.line()? {
                Some(Value::Array(row)) => next = Some(row),
                other => self.next = other,
            }
        }
        Ok(Piece::Rows(rows))
    }
}

impl<P: FnMut(u64)> Iterator for Dump<P> {
    type Item = Result<Piece, DumpError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let piece = self.piece().transpose();
        if matches!(piece, Some(Err(_)) | None) {
            self.over = true;
        }
        (self.progress)(self.read);
        piece
    }
}

/// Reads a backup from its first line to its last and checks it against what it says of itself. `progress` is told
/// how many rows are read.
///
/// # Errors
/// See [`DumpError`].
pub fn verify(path: &Path, progress: impl FnMut(u64)) -> Result<Verified, DumpError> {
    check(Dump::open(path, progress)?)
}

fn check(mut dump: Dump<impl FnMut(u64)>) -> Result<Verified, DumpError> {
    let mut keys = Vec::new();
    let mut first = None;
    let mut at = (String::new(), Vec::new());
    for piece in dump.by_ref() {
        match piece? {
            Piece::Table { name, columns } => at = (name, columns),
            Piece::Rows(rows) if at.0 == "data_keys" => {
                keys.extend(rows.into_iter().map(|row| (at.1.clone(), row)));
            }
            // Where a database had no data keys yet, its master key is told here.
            Piece::Rows(rows) if at.0 == "facts" => {
                let told = rows.into_iter().find_map(|row| match row.as_slice() {
                    [Val::Text(name), Val::Bytes(id)] if name == "master_key_id" => Some(hex(id)),
                    _ => None,
                });
                first = first.or(told);
            }
            Piece::Rows(_) => {}
        }
    }
    let data_keys = keys.into_iter().map(data_key).collect::<Option<Vec<_>>>();
    let data_keys = data_keys.ok_or_else(|| dump.damaged("a data key is not one"))?;
    let mut master_key_ids: Vec<String> = data_keys.iter().map(|key| key.master_key_id.clone()).collect();
    master_key_ids.extend(first.filter(|_| data_keys.is_empty()));
    master_key_ids.sort_unstable();
    master_key_ids.dedup();
    Ok(Verified { header: dump.header, rows: dump.rows, master_key_ids, data_keys })
}

fn data_key((columns, row): (Vec<String>, Vec<Val>)) -> Option<DataKeyRow> {
    let mut cells: BTreeMap<String, Val> = columns.into_iter().zip(row).collect();
    let mut text = |name: &str| match cells.remove(name) {
        Some(Val::Text(text)) => Some(text),
        _ => None,
    };
    // Ids are told on a terminal.
    let mut id = |name: &str| text(name).filter(|id| id.bytes().all(|b| b.is_ascii_hexdigit()));
    let (data_key_id, master_key_id) = (id("data_key_id")?, id("master_key_id")?);
    let purpose = KeyPurpose::parse(&text("purpose")?)?;
    let (Val::Bytes(wrapped), Val::Int(active), Val::Int(created_at)) =
        (cells.remove("wrapped")?, cells.remove("active")?, cells.remove("created_at")?)
    else {
        return None;
    };
    Some(DataKeyRow {
        data_key_id,
        purpose,
        wrapped,
        master_key_id,
        active: active == 1,
        created_at: Timestamp(created_at),
        emptied_at: None,
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn cell(value: Value) -> Option<Val> {
    Some(match value {
        Value::Null => Val::Null,
        Value::Number(number) => Val::Int(number.as_i64()?),
        Value::String(text) => Val::Text(text),
        Value::Object(object) if object.len() == 1 => {
            Val::Bytes(STANDARD.decode(object.get("b")?.as_str()?).ok()?)
        }
        _ => return None,
    })
}

pub(super) fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// A whole backup with these lines: what is missing is its last line.
#[cfg(feature = "fuzzing")]
pub(crate) fn completed(lines: &[u8]) -> Result<(Vec<u8>, Result<Verified, DumpError>), DumpError> {
    if !lines.ends_with(b"\n") {
        return Err(DumpError::CutOff);
    }
    let read = |bytes: &[u8]| Dump::read(Box::new(io::Cursor::new(bytes.to_vec())), |_| {});
    let mut dump = read(lines)?;
    let cut = dump.by_ref().find_map(Result::err);
    if !matches!(cut, Some(DumpError::CutOff)) {
        return Err(cut.unwrap_or(DumpError::CutOff));
    }
    let end = End { rows: dump.rows.clone(), sha256: hex(dump.hash.clone().finish().as_ref()) };
    let mut whole = lines.to_vec();
    serde_json::to_writer(&mut whole, &serde_json::json!({"end": end})).map_err(io::Error::from)?;
    whole.push(b'\n');
    let outcome = read(&whole).and_then(check);
    Ok((whole, outcome))
}

/// What a backup says of itself, read from memory.
#[cfg(feature = "fuzzing")]
pub(crate) fn verify_bytes(bytes: &[u8]) -> Result<Verified, DumpError> {
    Dump::read(Box::new(io::Cursor::new(bytes.to_vec())), |_| {}).and_then(check)
}
