//! Pieces as the lines of a backup.

use super::{End, Header};
use crate::StoreError;
use crate::db::{Piece, Pieces, Val};
use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::sync::mpsc::{Receiver, channel};

/// How much is handed on at a time, in bytes, at least.
const PART: usize = 64 * 1024;

/// The text so far that was not handed on yet, and what the last line needs.
struct Lines {
    part: Vec<u8>,
    hash: Context,
    rows: BTreeMap<String, u64>,
    table: String,
}

impl Lines {
    fn line(&mut self, value: &Value) {
        let from = self.part.len();
        self.part.extend_from_slice(value.to_string().as_bytes());
        self.part.push(b'\n');
        self.hash.update(&self.part[from..]);
    }

    fn piece(&mut self, piece: Piece) {
        match piece {
            Piece::Table { name, columns } => {
                self.line(&json!({"table": name, "columns": columns}));
                self.rows.insert(name.clone(), 0);
                self.table = name;
            }
            Piece::Rows(rows) => {
                *self.rows.entry(self.table.clone()).or_default() += rows.len() as u64;
                for row in rows {
                    self.line(&Value::Array(row.into_iter().map(cell).collect()));
                }
            }
        }
    }

    fn end(mut self) -> Vec<u8> {
        let sha256 = super::read::hex(self.hash.finish().as_ref());
        let end = serde_json::to_value(End { rows: self.rows, sha256 }).unwrap_or_default();
        self.part.extend_from_slice(json!({ "end": end }).to_string().as_bytes());
        self.part.push(b'\n');
        self.part
    }
}

fn cell(value: Val) -> Value {
    match value {
        Val::Null => Value::Null,
        Val::Int(int) => int.into(),
        Val::Text(text) => text.into(),
        Val::Bytes(bytes) => json!({"b": STANDARD.encode(bytes)}),
    }
}

/// The whole text, in parts.
pub(super) fn written(header: Header, mut pieces: Pieces) -> Receiver<Result<Vec<u8>, StoreError>> {
    let (way, parts) = channel(2);
    tokio::spawn(async move {
        let mut lines = Lines {
            part: Vec::with_capacity(2 * PART),
            hash: Context::new(&SHA256),
            rows: BTreeMap::new(),
            table: String::new(),
        };
        lines.line(&serde_json::to_value(header).unwrap_or_default());
        let last = loop {
            match pieces.recv().await {
                Some(Ok(Some(piece))) => lines.piece(piece),
                Some(Ok(None)) => break Ok(lines.end()),
                Some(Err(problem)) => break Err(problem),
                None => {
                    let why = "nothing of the backup was taken for a minute, so its reading was ended";
                    break Err(StoreError::Unavailable(why.into()));
                }
            }
            if lines.part.len() >= PART {
                let part = std::mem::replace(&mut lines.part, Vec::with_capacity(2 * PART));
                if way.send(Ok(part)).await.is_err() {
                    return;
                }
            }
        };
        // Without a last line nobody takes it for whole.
        let _ = way.send(last).await;
    });
    parts
}
