//! Audit messages as DICOM has them: PS3.15 A.5.1, one XML document an event, valid against the standard's schema.

use crate::domain::audit::{AuditAction, AuditRecord};

/// A code of the DICOM terminology (PS3.16 annex D) with its meaning.
struct Code(&'static str, &'static str);

// PS3.15 table A.5.3: the events that fit what a review does.
const INSTANCES_ACCESSED: Code = Code("110103", "DICOM Instances Accessed");
const QUERY: Code = Code("110112", "Query");
const EXPORT: Code = Code("110106", "Export");
const IMPORT: Code = Code("110107", "Import");
const SECURITY_ALERT: Code = Code("110113", "Security Alert");
// PS3.16 CID 403.
const SECURITY_CONFIGURATION: Code = Code("110129", "Security Configuration");
// PS3.16 CID 402.
const APPLICATION: Code = Code("110150", "Application");
const SOURCE_MEDIA: Code = Code("110155", "Source Media");
const DESTINATION_MEDIA: Code = Code("110154", "Destination Media");
// PS3.16 CID 404.
const STUDY_UID: Code = Code("110180", "Study Instance UID");

/// One message, a document of its own.
pub fn audit_message(record: &AuditRecord, source: &str) -> String {
    let mut xml = Xml::new();
    xml.open("AuditMessage", &[]);
    event_identification(&mut xml, record);
    participants(&mut xml, record);
    xml.open("AuditSourceIdentification", &[("AuditSourceID", source)]);
    // 1: end-user interface.
    xml.empty("AuditSourceTypeCode", &[("csd-code", "1")]);
    xml.close("AuditSourceIdentification");
    objects(&mut xml, record);
    xml.close("AuditMessage");
    xml.text
}

fn event_identification(xml: &mut Xml, record: &AuditRecord) {
    let (event, action) = match record.action {
        AuditAction::Accessed => (INSTANCES_ACCESSED, "R"),
        AuditAction::Searched => (QUERY, "E"),
        AuditAction::Created => (INSTANCES_ACCESSED, "C"),
        AuditAction::Changed => (INSTANCES_ACCESSED, "U"),
        AuditAction::Exported => (EXPORT, "R"),
        AuditAction::Imported => (IMPORT, "C"),
        AuditAction::SecurityAlert => (SECURITY_ALERT, "E"),
    };
    let facts = [("EventActionCode", action), ("EventDateTime", &record.at), ("EventOutcomeIndicator", "0")];
    xml.open("EventIdentification", &facts);
    xml.code("EventID", &event);
    if record.action == AuditAction::SecurityAlert {
        xml.code("EventTypeCode", &SECURITY_CONFIGURATION);
    }
    let own = [("csd-code", record.kind.as_str()), ("codeSystemName", "99OVERREAD"), ("originalText", &record.kind)];
    xml.empty("EventTypeCode", &own);
    xml.close("EventIdentification");
}

/// The person or program behind it first, then the program it happened in.
fn participants(xml: &mut Xml, record: &AuditRecord) {
    let actor = if record.actor.is_empty() { "unknown" } else { &record.actor };
    let at_host: &[(&str, &str)] = if record.host.is_empty() {
        &[]
    } else {
        // 1: a machine's name.
        &[("NetworkAccessPointID", &record.host), ("NetworkAccessPointTypeCode", "1")]
    };
    let is_requestor = if record.is_person { "true" } else { "false" };
    let user = [&[("UserID", actor), ("UserIsRequestor", is_requestor)], at_host].concat();
    xml.open("ActiveParticipant", &user);
    let role = if record.role.is_empty() { "unknown" } else { &record.role };
    xml.empty("RoleIDCode", &[("csd-code", role), ("codeSystemName", "99OVERREAD"), ("originalText", role)]);
    xml.close("ActiveParticipant");
    let program = if record.program.is_empty() { "overread" } else { &record.program };
    let program = if record.destination.is_empty() { program } else { &record.destination };
    let in_program = [&[("UserID", program), ("UserIsRequestor", "false")], at_host].concat();
    xml.open("ActiveParticipant", &in_program);
    match record.action {
        // PS3.15 A.5.3.6 and A.5.3.7 ask for the media side.
        AuditAction::Exported => xml.code("RoleIDCode", &DESTINATION_MEDIA),
        AuditAction::Imported => xml.code("RoleIDCode", &SOURCE_MEDIA),
        _ => xml.code("RoleIDCode", &APPLICATION),
    }
    xml.close("ActiveParticipant");
}

fn objects(xml: &mut Xml, record: &AuditRecord) {
    // 2: a system object; 6: access, 10: export, 1: creation, 3: amendment, 2: import.
    let life_cycle = match record.action {
        AuditAction::Accessed | AuditAction::Searched | AuditAction::SecurityAlert => "6",
        AuditAction::Created => "1",
        AuditAction::Changed => "3",
        AuditAction::Exported => "10",
        AuditAction::Imported => "2",
    };
    let is_search = record.action == AuditAction::Searched;
    // 3: a report; 24: a query.
    let role = if is_search { "24" } else { "3" };
    let number = record.seq.to_string();
    let id = record.study.as_ref().map_or(number.as_str(), |study| study.as_str());
    let facts = [
        ("ParticipantObjectID", id),
        ("ParticipantObjectTypeCode", "2"),
        ("ParticipantObjectTypeCodeRole", role),
        ("ParticipantObjectDataLifeCycle", life_cycle),
    ];
    xml.open("ParticipantObjectIdentification", &facts);
    if record.study.is_some() {
        xml.code("ParticipantObjectIDTypeCode", &STUDY_UID);
    } else {
        let own = [("csd-code", "record"), ("codeSystemName", "99OVERREAD"), ("originalText", "Review record event")];
        xml.empty("ParticipantObjectIDTypeCode", &own);
    }
    if is_search {
        xml.element("ParticipantObjectQuery", &base64(record.body.as_bytes()));
    } else {
        xml.element("ParticipantObjectName", &record.kind);
    }
    for (kind, value) in [("record.seq", &number), ("record.hash", &record.hash), ("record.body", &record.body)] {
        xml.empty("ParticipantObjectDetail", &[("type", kind), ("value", &base64(value.as_bytes()))]);
    }
    xml.close("ParticipantObjectIdentification");
}

/// Just enough of XML: every value escaped, every character one that XML 1.0 knows.
struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    fn new() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned(), depth: 0 }
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes, ">\n");
        self.depth += 1;
    }

    fn close(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.indent();
        self.text.push_str(&format!(
            "</{name}>
"
        ));
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.tag(name, attributes, "/>\n");
    }

    fn element(&mut self, name: &str, content: &str) {
        self.tag(name, &[], ">");
        self.escaped(content);
        self.text.push_str(&format!(
            "</{name}>
"
        ));
    }

    fn code(&mut self, name: &str, Code(value, meaning): &Code) {
        self.empty(name, &[("csd-code", value), ("codeSystemName", "DCM"), ("originalText", meaning)]);
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)], end: &str) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        for (attribute, value) in attributes {
            self.text.push_str(&format!(" {attribute}=\""));
            self.escaped(value);
            self.text.push('"');
        }
        self.text.push_str(end);
    }

    fn indent(&mut self) {
        self.text.extend(std::iter::repeat_n("  ", self.depth));
    }

    fn escaped(&mut self, value: &str) {
        for c in value.chars() {
            match c {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\t' | '\n' | '\r' => self.text.push_str(&format!("&#{};", u32::from(c))),
                // XML 1.0 2.2 Char: the rest cannot stand in a document, not even escaped.
                '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => self.text.push('\u{fffd}'),
                c => self.text.push(c),
            }
        }
    }
}

/// RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = at(0) << 16 | at(1) << 8 | at(2);
        for position in 0..4 {
            let is_padding = position > chunk.len();
            let digit = usize::try_from(group >> (18 - 6 * position) & 63).ok().and_then(|index| DIGITS.get(index));
            text.push(if is_padding { '=' } else { digit.map_or('=', |digit| char::from(*digit)) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")];
        for (plain, encoded) in cases {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn hostile_text_stays_text() {
        let mut xml = Xml::new();
        xml.element("A", "<script>]]>&\"\u{1}\u{fffe}\n");
        assert!(xml.text.ends_with("<A>&lt;script&gt;]]&gt;&amp;&quot;\u{fffd}\u{fffd}&#10;</A>\n"), "{}", xml.text);
    }
}
