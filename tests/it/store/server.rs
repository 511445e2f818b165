//! The same stories against a real PostgreSQL, started for the test in a folder of its own; skipped where none is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use overread::domain::decision::Verdict;
use overread::store::ReviewStore;
use overread::store::error::StoreError;
use overread::store::postgres::PostgresStore;
use overread::store::server_address::ServerAddress;
use overread::store::sqlite::OpenMode;
use tempfile::TempDir;

use crate::record::{Desk, decide, study};
use crate::store::desks::two_desks;
use crate::store::merge::merging;
use crate::store::presence::two_programs;
use crate::store::{keep, replay, story};

/// A cluster that listens on a socket in its own folder and nowhere else.
struct Server {
    folder: TempDir,
    bin: PathBuf,
    /// Run as this user, as PostgreSQL refuses root.
    as_user: Option<&'static str>,
}

impl Server {
    fn start() -> Option<Self> {
        let Some(bin) = newest_bin() else {
            println!("skipped: PostgreSQL 15 or newer is not installed");
            return None;
        };
        // Socket paths are short: at most 107 bytes.
        let folder = tempfile::Builder::new().prefix("ovr-pg").tempdir_in("/tmp").ok()?;
        let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
        let server = Self { folder, bin, as_user: is_root.then_some("postgres") };
        if let Some(user) = server.as_user {
            let owned = Command::new("chown").arg(user).arg(server.folder.path()).status();
            if !owned.is_ok_and(|status| status.success()) {
                println!("skipped: there is no user {user} to run the server as");
                return None;
            }
        }
        let data = server.data();
        let made =
            server.run("initdb", &["-D", &data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.up();
        for sql in ["CREATE DATABASE overread", "CREATE ROLE looker LOGIN", "CREATE ROLE writer LOGIN"] {
            server.sql("postgres", sql);
        }
        Some(server)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn socket(&self) -> String {
        self.folder.path().display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let path = self.bin.join(program);
        let mut command = match self.as_user {
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", user, "--regid", user, "--clear-groups", "--"]).arg(path);
                command
            }
            None => Command::new(path),
        };
        command.args(arguments).current_dir(self.folder.path()).env("LC_ALL", "C").output().unwrap()
    }

    fn up(&self) {
        let options = format!("-k {} -c listen_addresses= -c max_connections=20 -c shared_buffers=16MB", self.socket());
        let log = self.folder.path().join("log").display().to_string();
        let started = self.run("pg_ctl", &["-D", &self.data(), "-o", &options, "-l", &log, "-w", "start"]);
        assert!(started.status.success(), "{}", fs::read_to_string(&log).unwrap_or_default());
    }

    fn down(&self, how: &str) {
        drop(self.run("pg_ctl", &["-D", &self.data(), "-m", how, "-w", "stop"]));
    }

    fn sql(&self, database: &str, sql: &str) -> Output {
        self.run("psql", &["-h", &self.socket(), "-U", "owner", "-d", database, "-v", "ON_ERROR_STOP=1", "-qc", sql])
    }

    fn address(&self, user: &str) -> ServerAddress {
        let host = self.socket().replace('/', "%2F");
        ServerAddress::parse(&format!("postgres://{user}@{host}/overread")).unwrap()
    }

    fn tries(&self, user: &str, anchors: &Path) -> Result<PostgresStore, StoreError> {
        PostgresStore::connect(&self.address(user), OpenMode::ReadWrite, anchors)
    }

    fn open(&self) -> PostgresStore {
        self.tries("owner", &self.folder.path().join("anchors")).unwrap()
    }

    /// An empty record again; every machine forgets what it saw.
    fn wipe(&self) {
        assert!(self.sql("overread", "DROP SCHEMA IF EXISTS overread CASCADE").status.success());
        drop(fs::remove_dir_all(self.folder.path().join("anchors")));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.down("immediate");
    }
}

/// Debian keeps each version apart.
fn newest_bin() -> Option<PathBuf> {
    let entries = fs::read_dir("/usr/lib/postgresql").ok()?;
    let versions = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let newest = versions.filter(|version| *version >= 15).max()?;
    let bin = Path::new("/usr/lib/postgresql").join(newest.to_string()).join("bin");
    bin.join("initdb").exists().then_some(bin)
}

#[test]
fn postgresql_tells_the_same_stories_and_keeps_its_promises() {
    let Some(server) = Server::start() else { return };
    story(&|| Box::new(server.open()));
    server.wipe();
    two_desks(&|| Box::new(server.open()));
    server.wipe();
    merging(&|| Box::new(server.open()));
    server.wipe();
    two_programs(&|| Box::new(server.open()));
    server.wipe();
    nobody_changes_it(&server);
    a_cut_tail_is_seen(&server);
    a_crash_loses_nothing(&server);
    the_command_line_speaks_to_it(&server);
    who_may_only_look_only_looks(&server);
    a_newer_record_is_left_alone(&server);
}

fn nobody_changes_it(server: &Server) {
    for table in ["event", "finding", "blob", "merged_event"] {
        for sql in [format!("DELETE FROM overread.{table}"), format!("TRUNCATE overread.{table} CASCADE")] {
            assert!(!server.sql("overread", &sql).status.success(), "{sql}");
        }
    }
    let as_replica = "SET session_replication_role = replica; DELETE FROM overread.event";
    assert!(!server.sql("overread", as_replica).status.success());
    assert!(server.open().verify().unwrap().is_intact());
    assert!(server.sql("overread", "ALTER TABLE overread.event DISABLE TRIGGER event_is_kept").status.success());
    assert!(!server.open().verify().unwrap().is_intact());
    server.wipe();
}

fn a_cut_tail_is_seen(server: &Server) {
    let mut store = server.open();
    let mut desk = Desk::with_three();
    keep(&mut store, &mut desk.session);
    desk.does(decide("a", Verdict::Accepted, ""));
    keep(&mut store, &mut desk.session);
    // Whoever owns the server can do this; a machine that saw the end remembers it.
    let cut = "ALTER TABLE overread.event DISABLE TRIGGER USER; GRANT ALL ON overread.event TO owner;
               DELETE FROM overread.event WHERE seq = (SELECT MAX(seq) FROM overread.event);
               ALTER TABLE overread.event ENABLE ALWAYS TRIGGER event_is_kept;
               ALTER TABLE overread.event ENABLE ALWAYS TRIGGER event_is_not_emptied";
    let done = server.sql("overread", cut);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let again = server.open();
    assert!(again.is_read_only() && !again.verify().unwrap().is_intact());
    server.wipe();
}

fn a_crash_loses_nothing(server: &Server) {
    let mut store = server.open();
    let mut desk = Desk::with_three();
    keep(&mut store, &mut desk.session);
    for turn in 0..20 {
        desk.does(decide("a", Verdict::Accepted, &format!("{turn}")));
        if turn % 5 == 4 {
            // As a power cut would: no checkpoint, no goodbye. The same connection finds the server again.
            server.down("immediate");
            let events = desk.session.unkept_events();
            assert!(matches!(store.append(&study(), &events), Err(StoreError::Unreachable { .. })), "nothing listens");
            server.up();
        }
        keep(&mut store, &mut desk.session);
    }
    let session = replay(store.load(&study()).unwrap());
    assert_eq!(session.findings().iter().map(|review| review.history.len()).max(), Some(20));
    assert!(store.verify().unwrap().is_intact());
}

fn the_command_line_speaks_to_it(server: &Server) {
    let home = server.folder.path().join("home");
    let address = format!("postgres://owner@{}/overread", server.socket().replace('/', "%2F"));
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_overread"));
        let output = command.args(arguments).args(["--store", &address, "--json"]).env("HOME", &home).output().unwrap();
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), document)
    };
    let (code, verified) = run(&["audit", "verify"]);
    assert_eq!((code, &verified["intact"]), (Some(0), &true.into()), "{verified}");
    let uid = study().as_str().to_owned();
    let decide = ["decide", "--study", &uid, "--finding", "b", "uncertain", "--reader", "Dr. Shell"];
    let (code, decided) = run(&decide);
    assert_eq!(code, Some(0), "{decided}");
    let last = run(&["audit", "show"]).1["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["kind"], &last["actor"]), (&"finding_decided".into(), &"Dr. Shell".into()));
    let (_, nowhere) = run(&["store", "backup", "--to", "x"]);
    assert_eq!(nowhere["error"]["code"], "store_on_server", "{nowhere}");
}

fn who_may_only_look_only_looks(server: &Server) {
    let grants = "GRANT USAGE ON SCHEMA overread TO looker, writer;
                  GRANT SELECT ON ALL TABLES IN SCHEMA overread TO looker, writer;
                  GRANT INSERT ON overread.event, overread.finding, overread.blob, overread.merged_event TO writer";
    assert!(server.sql("overread", grants).status.success());
    let elsewhere = server.folder.path().join("elsewhere");
    let looker = server.tries("looker", &elsewhere).unwrap();
    assert!(looker.is_read_only() && looker.verify().unwrap().is_intact());
    let mut writer = server.tries("writer", &elsewhere).unwrap();
    let mut desk = Desk::with(replay(writer.load(&study()).unwrap()));
    desk.n_stamps = 5000;
    desk.does(decide("b", Verdict::Uncertain, ""));
    keep(&mut writer, &mut desk.session);
    let nobody = server.tries("nobody", &elsewhere).unwrap_err();
    assert!(matches!(nobody, StoreError::Unreachable { .. }), "{nobody}");
}

fn a_newer_record_is_left_alone(server: &Server) {
    assert!(server.sql("overread", "INSERT INTO overread.schema_step VALUES (99)").status.success());
    let refused = server.tries("owner", &server.folder.path().join("anchors")).unwrap_err();
    assert!(matches!(refused, StoreError::Newer { found: 99, .. }), "{refused}");
}
