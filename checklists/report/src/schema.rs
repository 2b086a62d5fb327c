//! The published JSON Schemas of what other programs read.

/// Identifies [`REVIEW`]; documents name it as their `$schema`.
pub const REVIEW_ID: &str = "urn:scrutineer:schema:review-2";
/// Schema of the whole document.
pub const REVIEW: &str = include_str!("../schema/review-2.json");
/// Schema of what `check --json` prints.
pub const CHECK: &str = include_str!("../schema/check-1.json");

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{document, json as check, testing};

    fn parsed(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    /// The schema with every key refused that it does not describe.
    fn closed(schema: &str) -> Value {
        fn close(value: &mut Value) {
            match value {
                Value::Object(fields) => {
                    fields.values_mut().for_each(close);
                    if fields.get("properties").is_some_and(Value::is_object) {
                        fields.insert("additionalProperties".into(), false.into());
                    }
                }
                Value::Array(values) => values.iter_mut().for_each(close),
                _ => {}
            }
        }
        let mut schema = parsed(schema);
        close(&mut schema);
        schema
    }

    fn faults(schema: &Value, instance: &Value) -> Vec<String> {
        let options = jsonschema::options().should_validate_formats(true);
        let validator = options.build(schema).unwrap();
        let faults = validator.iter_errors(instance);
        faults
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect()
    }

    #[test]
    fn the_schemas_are_schemas() {
        for schema in [REVIEW, CHECK] {
            assert!(jsonschema::meta::is_valid(&parsed(schema)));
        }
        assert_eq!(parsed(REVIEW)["$id"], REVIEW_ID);
        let version = &parsed(REVIEW)["properties"]["schema_version"]["const"];
        assert_eq!(
            *version,
            scrutineer_checklists::document::DOCUMENT_SCHEMA_VERSION
        );
    }

    #[test]
    fn every_export_keeps_to_its_schema_and_has_no_key_beside_it() {
        for review in [
            testing::document(),
            testing::reviewed(),
            testing::bare_document(),
        ] {
            let document = parsed(&document::render(&review));
            assert_eq!(faults(&closed(REVIEW), &document), Vec::<String>::new());
            let judgement = parsed(&check::render(&review));
            assert_eq!(faults(&closed(CHECK), &judgement), Vec::<String>::new());
        }
    }

    #[test]
    fn documents_that_are_none_are_refused() {
        type Spoil = fn(&mut Value);
        let spoils: [Spoil; 7] = [
            |document| document["schema_version"] = json!(3),
            |document| document["title"] = json!(7),
            |document| document["evidence_digest"] = json!("abc"),
            |document| document["judged_at"] = json!("yesterday"),
            |document| document["sections"][0]["items"][0]["effective"] = json!("green"),
            |document| drop(document.as_object_mut().unwrap().remove("sections")),
            |document| {
                let item = document["sections"][0]["items"][0].as_object_mut();
                drop(item.unwrap().remove("verdict"));
            },
        ];
        let whole = parsed(&document::render(&testing::reviewed()));
        for (number, spoil) in spoils.into_iter().enumerate() {
            let mut document = whole.clone();
            spoil(&mut document);
            assert!(!faults(&parsed(REVIEW), &document).is_empty(), "{number}");
        }
    }
}
