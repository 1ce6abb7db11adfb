//! The REST API of a registry, as far as clients need it.

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::store::Store;

type Answer = (StatusCode, String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    schema: String,
    #[serde(default = "avro")]
    schema_type: String,
}

fn avro() -> String {
    "AVRO".to_owned()
}

fn ok(value: &Value) -> Answer {
    (StatusCode::OK, value.to_string())
}

fn error(status: StatusCode, code: u32, message: &str) -> Answer {
    let body = json!({ "error_code": code, "message": message });
    (status, body.to_string())
}

fn missing(code: u32, message: &str) -> Answer {
    error(StatusCode::NOT_FOUND, code, message)
}

pub(super) fn answer(store: &mut Store, method: &Method, path: &str, body: &[u8]) -> Answer {
    let parts: Vec<String> = path.split('/').skip(1).map(decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let sent = serde_json::from_slice::<Sent>(body).ok();
    match (method, &*parts, sent) {
        (&Method::GET, ["schemas", "ids", id], _) => by_id(store, id),
        (&Method::GET, ["subjects"], _) => ok(&json!(store.subjects.keys().collect::<Vec<_>>())),
        (&Method::GET, ["subjects", subject, "versions"], _) => versions(store, subject),
        (&Method::GET, ["subjects", subject, "versions", version], _) => {
            by_version(store, subject, version)
        }
        (&Method::POST, ["subjects", subject, "versions"], Some(sent)) => {
            register(store, subject, &sent)
        }
        (&Method::POST, ["subjects", subject], Some(sent)) => find(store, subject, &sent),
        (&Method::POST, ["compatibility", "subjects", subject, "versions", _], Some(_)) => {
            match store.subjects.contains_key(*subject) {
                true => ok(&json!({ "is_compatible": !store.refuses(subject) })),
                false => missing(40401, "Subject not found."),
            }
        }
        (&Method::POST, ..) => error(StatusCode::UNPROCESSABLE_ENTITY, 42201, "Invalid schema"),
        _ => missing(404, "HTTP 404 Not Found"),
    }
}

fn by_id(store: &Store, id: &str) -> Answer {
    match id.parse().ok().and_then(|id| store.schema(id)) {
        Some(schema) => ok(&json!({ "schema": schema.text, "schemaType": schema.kind })),
        None => missing(40403, "Schema not found"),
    }
}

fn versions(store: &Store, subject: &str) -> Answer {
    match store.subjects.get(subject) {
        Some(ids) => ok(&json!((1..=ids.len()).collect::<Vec<_>>())),
        None => missing(40401, "Subject not found."),
    }
}

fn by_version(store: &Store, subject: &str, version: &str) -> Answer {
    let Some(ids) = store.subjects.get(subject) else {
        return missing(40401, "Subject not found.");
    };
    let version = match version {
        "latest" => ids.len(),
        number => number.parse().unwrap_or(0),
    };
    let id = version.checked_sub(1).and_then(|place| ids.get(place));
    match id.and_then(|id| Some((*id, store.schema(*id)?))) {
        Some((id, schema)) => ok(&json!({
            "subject": subject, "version": version, "id": id,
            "schema": schema.text, "schemaType": schema.kind,
        })),
        None => missing(40402, "Version not found."),
    }
}

fn register(store: &mut Store, subject: &str, sent: &Sent) -> Answer {
    if store
        .find(subject, &sent.schema_type, &sent.schema)
        .is_none()
        && store.refuses(subject)
    {
        let message = "Schema being registered is incompatible with an earlier schema";
        return error(StatusCode::CONFLICT, 409, message);
    }
    ok(&json!({ "id": store.register(subject, &sent.schema_type, &sent.schema) }))
}

fn find(store: &Store, subject: &str, sent: &Sent) -> Answer {
    match store.find(subject, &sent.schema_type, &sent.schema) {
        Some((version, id)) => ok(&json!({
            "subject": subject, "version": version, "id": id, "schema": sent.schema,
        })),
        None if store.subjects.contains_key(subject) => missing(40403, "Schema not found"),
        None => missing(40401, "Subject not found."),
    }
}

/// A part of a path without its percent signs.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .and_then(|code| std::str::from_utf8(code).ok());
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        match (first, code) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
