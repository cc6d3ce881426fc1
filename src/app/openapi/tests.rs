//! Whether the document is OpenAPI 3.1, as far as a walk through it can tell.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::*;

fn document() -> Value {
    serde_json::to_value(&*DOCUMENT).unwrap()
}

/// Every operation: its method and path, and what is said of it.
fn operations(document: &Value) -> Vec<(String, &Map<String, Value>)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(["get", "post"].contains(&method.as_str()), "{path}: {method}");
            all.push((format!("{method} {path}"), operation.as_object().unwrap()));
        }
    }
    all
}

/// Calls `seen` with every object in the document, and where it stands.
fn walk(value: &Value, at: &str, seen: &mut impl FnMut(&str, &Map<String, Value>)) {
    match value {
        Value::Object(members) => {
            seen(at, members);
            members.iter().for_each(|(name, member)| walk(member, &format!("{at}/{name}"), seen));
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(n, item)| walk(item, &format!("{at}/{n}"), seen)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_api_route_stands_in_the_document() {
    let document = document();
    for route in routes::routes().iter().filter(|route| route.is_api()) {
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert!(operation.is_object(), "{} {} is not described", route.method, route.path);
    }
}

#[test]
fn it_is_openapi_3_1() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    for needed in ["title", "version"] {
        assert!(document["info"][needed].as_str().is_some_and(|text| !text.is_empty()), "info.{needed}");
    }
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    for (name, operation) in operations(&document) {
        for scheme in operation.get("security").into_iter().flat_map(|all| all.as_array().unwrap()) {
            assert!(scheme.as_object().unwrap().keys().all(|key| schemes.contains_key(key)), "{name}: {scheme}");
        }
    }
}

#[test]
fn every_operation_has_an_id_of_its_own_and_a_summary() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (name, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{name} has no id"));
        let is_name = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(is_name, "{name}: {id}");
        assert!(ids.insert(id.to_owned()), "{name} takes the id {id}, which is taken");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name} says nothing");
    }
}

#[test]
fn every_answer_is_described_and_its_body_has_a_schema() {
    let document = document();
    for (name, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name} never succeeds");
        assert!(responses.contains_key("default"), "{name}");
        for (status, response) in responses {
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} {status}");
            let content = response["content"].as_object().unwrap_or_else(|| panic!("{name} {status} has no body"));
            let kind = if status.starts_with('2') { "application/json" } else { PROBLEM };
            assert!(content.keys().eq([kind]), "{name} {status}: {content:?}");
            assert!(content[kind]["schema"].as_object().is_some_and(|schema| !schema.is_empty()), "{name} {status}");
        }
    }
}

#[test]
fn parameters_and_bodies_are_those_of_the_paths() {
    let document = document();
    for (name, operation) in operations(&document) {
        let named = |part: &str| part.strip_prefix('{')?.strip_suffix('}').map(str::to_owned);
        let in_path: BTreeSet<String> = name.split('/').filter_map(named).collect();
        let mut told = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for parameter in operation.get("parameters").into_iter().flat_map(|all| all.as_array().unwrap()) {
            let (at, own) = (parameter["in"].as_str().unwrap(), parameter["name"].as_str().unwrap());
            assert!(["path", "query", "header"].contains(&at), "{name}: {parameter}");
            assert!(parameter["schema"].is_object(), "{name}: {own} has no schema");
            assert!(seen.insert((at.to_owned(), own.to_owned())), "{name}: {own} twice");
            if at == "path" {
                assert_eq!(parameter["required"], true, "{name}: {own}");
                told.insert(own.to_owned());
            }
        }
        assert_eq!(told, in_path, "{name}");
        if let Some(body) = operation.get("requestBody") {
            assert!(name.starts_with("post "), "{name} has a body");
            assert!(body["content"]["application/json"]["schema"].is_object(), "{name}: {body}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_of_json_schema_2020_12() {
    let document = document();
    let types = ["null", "boolean", "object", "array", "number", "string", "integer"];
    walk(&document, "#", &mut |at, members| {
        if let Some(to) = members.get("$ref").and_then(Value::as_str) {
            let pointer = to.strip_prefix('#').unwrap_or_else(|| panic!("{at}: {to} leads out of the document"));
            assert!(document.pointer(pointer).is_some(), "{at}: there is no {to}");
        }
        // Below `properties` a member may be called anything.
        if at.ends_with("/properties") || !at.contains("schema") {
            return;
        }
        let kinds: Vec<&Value> = match members.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().collect(),
            kind => kind.into_iter().collect(),
        };
        let is_type = |kind: &&Value| kind.as_str().is_some_and(|kind| types.contains(&kind));
        assert!(kinds.iter().all(is_type), "{at}: {kinds:?}");
        assert!(!members.contains_key("nullable"), "{at}: nullable is of 3.0");
        for required in members.get("required").and_then(Value::as_array).into_iter().flatten() {
            let property = members["properties"].get(required.as_str().unwrap());
            assert!(property.is_some(), "{at}: {required} is required and not described");
        }
    });
}

#[test]
fn no_two_routes_mean_different_things_by_one_schema() {
    let mut known: BTreeMap<String, Value> = BTreeMap::new();
    for (name, schema) in routes::routes().iter().flat_map(|route| route.schemas()) {
        let schema = serde_json::to_value(schema).unwrap();
        let first = known.entry(name.clone()).or_insert_with(|| schema.clone());
        assert_eq!(*first, schema, "{name}");
    }
}
