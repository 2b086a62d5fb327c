//! Recognises a JSON collection and asks for more of it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// How deep the collection may lie in wrapping objects (`{"data": {"items": […]}}`).
const MOST_DEPTH: usize = 3;

/// Items of the collection that a body holds: the array itself, or the one array that dominates
/// an object. `None` for everything else.
pub(super) fn items_in(body: &[u8]) -> Option<u64> {
    items_of(&serde_json::from_slice(body).ok()?, MOST_DEPTH)
}

fn items_of(shape: &Shape, depth: usize) -> Option<u64> {
    match shape {
        Shape::Array(items) => Some(*items),
        Shape::Object(fields) if depth > 0 => {
            let mut counts: Vec<u64> = fields
                .iter()
                .filter_map(|field| items_of(field, depth - 1))
                .collect();
            counts.sort_unstable_by(|a, b| b.cmp(a));
            let most = *counts.first()?;
            // Beside a collection there may be short lists (links, columns), but no second one.
            let rest: u64 = counts[1..].iter().sum();
            (most >= rest * 2).then_some(most)
        }
        _ => None,
    }
}

/// A JSON value without its content: items of arrays are counted, not kept, because answers may be
/// tens of megabytes.
enum Shape {
    Array(u64),
    Object(Vec<Shape>),
    Scalar,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut count = 0;
        while items.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Shape::Array(count))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Shape, A::Error> {
        let mut shapes = Vec::new();
        while let Some((_, shape)) = fields.next_entry::<IgnoredAny, Shape>()? {
            // A record has scalars; only what may hold a collection is worth keeping.
            if !matches!(shape, Shape::Scalar) {
                shapes.push(shape);
            }
        }
        Ok(Shape::Object(shapes))
    }

    fn visit_unit<E: Error>(self) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Scalar)
    }
}

/// The URL with `limit` set.
pub(super) fn with_limit(url: &str, limit: u32) -> String {
    let (url, _fragment) = url.split_once('#').unwrap_or((url, ""));
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("limit"))
        .map(str::to_owned)
        .collect();
    pairs.push(format!("limit={limit}"));
    format!("{path}?{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_are_counted_and_records_are_none() {
        let cases = [
            ("[1,2,3]", Some(3)),
            (" \n[]", Some(0)),
            (r#"{"items":[1,2,3,4],"links":["a"],"total":9}"#, Some(4)),
            (r#"{"data":{"items":[1,2]}}"#, Some(2)),
            (
                r#"{"id":7,"name":"x","a":null,"b":true,"c":-1,"d":1.5}"#,
                None,
            ),
            (r#"{"debits":[1,2],"credits":[3,4]}"#, None),
            ("<html>[1]</html>", None),
            ("[1,2", None),
            ("", None),
            ("7", None),
        ];
        for (body, expected) in cases {
            assert_eq!(items_in(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn a_limit_is_added_or_replaced() {
        let cases = [
            ("http://h/a", "http://h/a?limit=9"),
            ("http://h/a?x=1", "http://h/a?x=1&limit=9"),
            ("http://h/a?limit=5&x=1#top", "http://h/a?x=1&limit=9"),
            ("http://h/a?limits=5", "http://h/a?limits=5&limit=9"),
        ];
        for (url, expected) in cases {
            assert_eq!(with_limit(url, 9), expected);
        }
    }
}
