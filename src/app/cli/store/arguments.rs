//! The words of `overread store`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
pub struct StoreArguments {
    #[command(subcommand)]
    pub what: StoreWhat,
    /// One JSON document on stdout
    #[arg(long, global = true)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum StoreWhat {
    /// Where the record is, what protects it, how much it holds
    Status,
    /// Encrypt the record, or give an encrypted one another key; nobody else may have it open
    Encrypt(NewKeyArguments),
    /// Take the encryption away; nobody else may have the record open
    Decrypt,
    /// Write the recovery key of an encrypted record to a new file, to be kept somewhere else
    RecoveryKey(ToArguments),
    /// Write a verified copy of the record to a new file, encrypted as the record is
    Backup(ToArguments),
    /// Take another record in; what both decided differently is listed, ours stays in force
    Merge(MergeArguments),
    /// Have this device sign every event from now on, with a key of its own from the keyring
    Sign,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NewKeyKind {
    /// A random key in the keyring of the operating system
    Keyring,
    /// A key from a passphrase (Argon2id)
    Passphrase,
}

#[derive(Debug, Args)]
pub struct NewKeyArguments {
    #[arg(long = "with", value_enum, default_value = "keyring")]
    pub kind: NewKeyKind,
    /// A file whose first line is the new passphrase, where there is no terminal to type it at
    #[arg(long, value_name = "FILE")]
    pub new_key_file: Option<PathBuf>,
    /// Write the recovery key to this new file
    #[arg(long, value_name = "FILE")]
    pub recovery_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ToArguments {
    /// A new file
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
}

#[derive(Debug, Args)]
pub struct MergeArguments {
    /// The other record: a file or the address of a server
    pub other: PathBuf,
    /// A file whose first line is the other record's passphrase or recovery key
    #[arg(long, value_name = "FILE")]
    pub other_key_file: Option<PathBuf>,
}
