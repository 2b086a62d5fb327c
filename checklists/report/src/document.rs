//! The whole document as JSON, for other programs; `schema_version` grows with its keys.

use scrutineer_checklists::document::ReviewDocument;
use serde::Serialize;

use crate::schema;

/// A document that names its schema; readers of earlier versions ignore the key.
#[derive(Serialize)]
struct Exported<'d> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    #[serde(flatten)]
    document: &'d ReviewDocument,
}

/// Renders the document, indented, with a line feed at its end.
pub fn render(document: &ReviewDocument) -> String {
    let exported = Exported {
        schema: schema::REVIEW_ID,
        document,
    };
    let mut text = serde_json::to_string_pretty(&exported)
        .expect("the document has only strings, numbers, arrays and maps with text keys");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_document_is_read_back_as_it_was_written() {
        let document = testing::document();
        let again: ReviewDocument = serde_json::from_str(&render(&document)).unwrap();
        assert_eq!(again, document);
    }

    #[test]
    fn documents_of_the_first_version_are_still_read() {
        let mut value = serde_json::to_value(testing::document()).unwrap();
        value["schema_version"] = 1.into();
        value.as_object_mut().unwrap().remove("people");
        let old: ReviewDocument = serde_json::from_value(value).unwrap();
        assert!(old.people.is_empty());
    }
}
