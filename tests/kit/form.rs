//! A form in a page, filled in as a browser would send it.

use scraper::{ElementRef, Html};

use super::Reply;
use super::reply::selector;

#[derive(Clone, Debug)]
pub struct Form {
    /// `GET` or `POST`.
    pub method: String,
    /// The path that it goes to.
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl Form {
    /// The one form that the selector finds, with the values that the page gives: hidden and text fields, checked
    /// boxes, chosen options. Buttons are not pressed; see [`Form::set`].
    #[track_caller]
    pub(super) fn in_page(page: &Reply, css: &str) -> Form {
        let html: Html = page.html();
        let found: Vec<ElementRef> = html.select(&selector(css)).collect();
        let [form] = found[..] else { panic!("{}: {css} finds {} forms\n{}", page.asked, found.len(), page.text()) };
        let method = form.attr("method").unwrap_or("get").to_uppercase();
        // A form without an action goes back to its own page.
        let action = form.attr("action").unwrap_or(&page.path).to_owned();
        let css = "input[name], textarea[name], select[name]";
        let fields = form.select(&selector(css)).filter_map(field_of).collect();
        Form { method, action, fields }
    }

    /// The value of a field, if the form has it.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Types into a field, ticks a box, or presses a button of that name.
    pub fn set(mut self, name: &str, value: &str) -> Form {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a field out, as a browser does not and an attacker may.
    pub fn without(mut self, name: &str) -> Form {
        self.fields.retain(|(field, _)| field != name);
        self
    }
}

fn field_of(element: ElementRef) -> Option<(String, String)> {
    let name = element.attr("name")?.to_owned();
    if element.attr("disabled").is_some() {
        return None;
    }
    let value = match element.value().name() {
        "textarea" => element.text().collect(),
        "select" => chosen(element)?,
        _ => typed(element)?,
    };
    Some((name, value))
}

fn chosen(select: ElementRef) -> Option<String> {
    let first = |css: &str| select.select(&selector(css)).next();
    let option = first("option[selected]").or_else(|| first("option"))?;
    Some(option.attr("value").map_or_else(|| option.text().collect(), str::to_owned))
}

fn typed(input: ElementRef) -> Option<String> {
    match input.attr("type").unwrap_or("text") {
        "submit" | "button" | "image" | "reset" | "file" => None,
        "checkbox" | "radio" if input.attr("checked").is_none() => None,
        "checkbox" | "radio" => Some(input.attr("value").unwrap_or("on").to_owned()),
        _ => Some(input.attr("value").unwrap_or_default().to_owned()),
    }
}
