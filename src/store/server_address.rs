//! The address of a PostgreSQL server, as typed; a password in it is never shown.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgres::Config;
use postgres::config::{Host, SslMode};

use crate::store::error::StoreError;

/// A parsed address.
#[derive(Clone)]
pub struct ServerAddress {
    pub(crate) config: Config,
    /// Certificates that are trusted besides the system's, PEM.
    pub(crate) root_certificate: Option<PathBuf>,
    pub(crate) is_encrypted: bool,
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerAddress({})", self.words())
    }
}

/// Whether this names a server and no file.
pub fn is_server(name: &Path) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("postgres://") || name.starts_with("postgresql://"))
}

impl ServerAddress {
    /// `postgres://user@host:port/database?sslmode=…&sslrootcert=FILE`. Without a mode the connection is encrypted
    /// and the server's name checked, unless it is on this machine. A password comes from `~/.pgpass`.
    pub fn parse(address: &str) -> Result<Self, StoreError> {
        let refused = |what: &str| StoreError::Unreachable { detail: format!("its address is not understood: {what}") };
        let (base, query) = address.split_once('?').unwrap_or((address, ""));
        let mut kept = Vec::new();
        let (mut mode, mut root_certificate) = (None, None);
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("sslmode", "disable")) => mode = Some(SslMode::Disable),
                Some(("sslmode", "prefer")) => mode = Some(SslMode::Prefer),
                Some(("sslmode", "require" | "verify-ca" | "verify-full")) => mode = Some(SslMode::Require),
                Some(("sslmode", _)) => return Err(refused("sslmode")),
                Some(("sslrootcert", file)) => root_certificate = Some(PathBuf::from(file)),
                _ => kept.push(part),
            }
        }
        let plain = if kept.is_empty() { base.to_owned() } else { format!("{base}?{}", kept.join("&")) };
        // The parser's own words could quote the password.
        let mut config: Config = plain.parse().map_err(|_| refused("it is not postgres://USER@HOST/DATABASE"))?;
        let is_here = config.get_hosts().iter().all(is_here);
        let mode = mode.unwrap_or(if is_here { SslMode::Disable } else { SslMode::Require });
        config.ssl_mode(mode);
        config.application_name("overread");
        config.connect_timeout(Duration::from_secs(5));
        config.tcp_user_timeout(Duration::from_secs(15));
        config.keepalives_idle(Duration::from_secs(30));
        if config.get_password().is_none()
            && let Some(password) = password_file().and_then(|file| fs::read_to_string(file).ok())
            && let Some(password) = find_password(&password, &config)
        {
            config.password(password);
        }
        Ok(Self { config, root_certificate, is_encrypted: mode == SslMode::Require })
    }

    /// Who and where, without a password.
    pub fn words(&self) -> String {
        let Self { config, .. } = self;
        let (host, port) = host_and_port(config);
        let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
        format!("{database} on {host}:{port} as {}", config.get_user().unwrap_or_default())
    }

    /// A file name that is the same whenever the same database is meant.
    pub(crate) fn file_name(&self) -> String {
        let (host, port) = host_and_port(&self.config);
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or_default();
        let clean =
            |text: &str| text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect::<String>();
        format!("{}-{port}-{}", clean(&host), clean(database))
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.starts_with("127.") || name == "::1",
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn host_and_port(config: &Config) -> (String, u16) {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "localhost".to_owned(),
    };
    (host, config.get_ports().first().copied().unwrap_or(5432))
}

fn password_file() -> Option<PathBuf> {
    if let Some(file) = std::env::var_os("PGPASSFILE") {
        return Some(file.into());
    }
    Some(directories::BaseDirs::new()?.home_dir().join(".pgpass"))
}

/// `host:port:database:user:password`, `*` for any, `\` before a colon or itself.
fn find_password(file: &str, config: &Config) -> Option<String> {
    let (host, port) = host_and_port(config);
    let user = config.get_user().unwrap_or_default();
    let wanted = [host, port.to_string(), config.get_dbname().unwrap_or(user).to_owned(), user.to_owned()];
    file.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let [known @ .., password] = fields.as_slice() else { return None };
        let fits = known.len() == 4 && known.iter().zip(&wanted).all(|(known, wanted)| known == "*" || known == wanted);
        fits.then(|| password.clone())
    })
}

fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next() } else { None };
        match (c, escaped, fields.last_mut()) {
            (':', _, _) => fields.push(String::new()),
            (_, Some(c), Some(field)) | (c, None, Some(field)) => field.push(c),
            _ => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_no_password_and_a_far_server_is_only_spoken_to_in_secret() {
        let address = ServerAddress::parse("postgres://ann:s3cret@pacs.example:5433/overread").unwrap();
        assert_eq!(address.words(), "overread on pacs.example:5433 as ann");
        assert!(address.is_encrypted && !format!("{address:?}").contains("s3cret"));
        let near = ServerAddress::parse("postgresql://ann@localhost/overread").unwrap();
        assert!(!near.is_encrypted);
        let said =
            ServerAddress::parse("postgres://ann@pacs.example/o?sslmode=disable&sslrootcert=/etc/ca.pem").unwrap();
        assert!(!said.is_encrypted && said.root_certificate.is_some());
        let refused = ServerAddress::parse("postgres://ann:s3cret@host:notaport/x").unwrap_err();
        assert!(!refused.to_string().contains("s3cret"), "{refused}");
    }

    #[test]
    fn a_password_is_found_by_host_port_database_and_user() {
        let file = "# none\nother:*:*:ann:no\npacs.example:5433:*:ann:a\\:b\\\\c\n";
        let config: Config = "postgres://ann@pacs.example:5433/overread".parse().unwrap();
        assert_eq!(find_password(file, &config).as_deref(), Some("a:b\\c"));
        let config: Config = "postgres://bob@pacs.example:5433/overread".parse().unwrap();
        assert_eq!(find_password(file, &config), None);
    }
}
