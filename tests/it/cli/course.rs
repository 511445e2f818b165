//! Deciding with details, signing, amending and listing without a window.

use crate::cli::{Place, text};

#[test]
fn a_study_is_decided_signed_amended_and_listed_by_urgency() {
    let place = Place::with_phantom();
    let (_, analyzed) = place.document(&["analyze", text(&place.study()), "--out", text(&place.at("results"))]);
    let uid = analyzed["studies"][0]["study_instance_uid"].as_str().unwrap();
    let ids: Vec<&str> =
        analyzed["findings"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    let (_, listed) = place.document(&["worklist"]);
    let study = &listed["studies"][0];
    assert_eq!((listed["n_studies"].as_u64(), study["status"].as_str()), (Some(1), Some("unread")));
    assert_eq!(study["ai"], "Flagged");
    assert!(study["flags"][0]["reason"].as_str().unwrap().contains("above operating point"), "{study:#}");
    assert!(study["urgency"].as_i64().unwrap() >= 100);
    let (_, blind) = place.document(&["worklist", "--mode", "blind", "--reader", "Dr. Script"]);
    assert_eq!(
        (blind["studies"][0]["ai"].as_str(), &blind["studies"][0]["flags"]),
        (Some("AI hidden"), &serde_json::json!([]))
    );
    assert!(blind["studies"][0]["urgency"].as_i64().unwrap() < study["urgency"].as_i64().unwrap());

    let on = ["--study", uid, "--reader", "Dr. Script"];
    let with = |command: &str, more: &[&str]| {
        let arguments: Vec<&str> = std::iter::once(command).chain(on).chain(more.iter().copied()).collect();
        place.document(&arguments)
    };
    let details = [
        "--finding",
        ids[0],
        "accept",
        "--label",
        "Consolidation",
        "--severity",
        "moderate",
        "--relevant",
        "yes",
        "--difficulty",
        "hard",
        "--confidence",
        "80",
        "--confidence-before-ai",
        "60",
        "--modified",
        "boundary",
        "--comment",
        "seen before",
    ];
    let (code, decided) = with("decide", &details);
    assert_eq!(code, 0, "{decided:#}");
    let kept = &decided["decision"]["details"];
    assert_eq!((kept["severity"].as_str(), kept["confidence"].as_u64()), (Some("moderate"), Some(80)));
    assert_eq!(
        with("decide", &["--finding", ids[0], "accept", "--severity", "grim"]).1["error"]["code"],
        "unknown_code"
    );
    assert_eq!(with("decide", &["--finding", ids[0], "accept", "--text", "no"]).1["error"]["code"], "usage");
    let reject = ["--finding", ids[1], "reject", "--reason", "duplicate", "--reason", "other", "--text", "as above"];
    assert_eq!(with("decide", &reject).0, 0);

    let (code, refused) = with("sign", &["--name", "Dr. Else", "--leave-unreviewed"]);
    assert_eq!((code, refused["error"]["code"].as_str()), (2, Some("refused")), "{refused:#}");
    let (code, signed) = with("sign", &["--name", "Dr. Script", "--leave-unreviewed", "--meaning", "approval"]);
    assert_eq!((code, signed["signature"]["meaning"].as_str()), (0, Some("approval")), "{signed:#}");
    assert_eq!(signed["signature"]["covers_sha256"].as_str().unwrap().len(), 64);
    let (code, refused) = with("decide", &["--finding", ids[0], "uncertain"]);
    assert!(code == 2 && refused["error"]["text"].as_str().unwrap().contains("Signed by Dr. Script"), "{refused:#}");
    assert_eq!(place.document(&["worklist"]).1["studies"][0]["status"], "signed");
    assert_eq!(with("amend", &["--reason", " "]).0, 2);
    assert_eq!(with("amend", &["--reason", "a second look"]).0, 0);
    assert_eq!(with("decide", &["--finding", ids[0], "uncertain"]).0, 0);
    let (_, report) = place.document(&["findings", "--study", uid]);
    assert_eq!(report["signatures"][0]["amended"]["reason"], "a second look");
    let first = report["findings"].as_array().unwrap().iter().find(|one| one["id"] == ids[0]).unwrap();
    assert_eq!(first["history"][0]["acceptance"], "after_modification");
    assert_eq!(first["history"][0]["details"]["modifications"], serde_json::json!(["label", "boundary"]));
}
