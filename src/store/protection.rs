//! Where and how the record is kept, in words for the screen.

use std::path::PathBuf;

/// Where the record lies and what protects it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HowKept {
    pub place: Place,
    pub protection: Protection,
    /// Such as `write-ahead log, every append synced`.
    pub durability: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    File(PathBuf),
    /// Host, port and database; never a password.
    Server(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Readable by whoever can read the file.
    Plain,
    /// SQLCipher with a key of 256 bits.
    Encrypted,
    /// As the server and its disks have it; the connection is encrypted.
    ServerOverTls,
    /// As the server and its disks have it; the connection is not encrypted.
    Server,
}

impl Protection {
    /// A few words for a status.
    pub fn words(self) -> &'static str {
        match self {
            Self::Plain => "not encrypted",
            Self::Encrypted => "encrypted",
            Self::ServerOverTls => "on the server, connection encrypted",
            Self::Server => "on the server, connection not encrypted",
        }
    }
}

impl HowKept {
    /// One sentence for a tooltip.
    pub fn sentence(&self) -> String {
        let Self { protection, durability, .. } = self;
        format!("The record is kept in {}: {}; {durability}.", self.place_words(), protection.words())
    }

    /// The file's path, or the server without a password.
    pub fn place_words(&self) -> String {
        match &self.place {
            Place::File(path) => path.display().to_string(),
            Place::Server(server) => format!("PostgreSQL, {server}"),
        }
    }
}
