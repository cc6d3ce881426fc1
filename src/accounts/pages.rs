//! Pages at the door: sign in, sign up, sign out, one's own account. The twin for programs is `api.rs`.

use askama::Template;
use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::accounts::access::{Grant, Role, Viewer};
use crate::accounts::commands::{NewAccount, begin_session, sign_out, sign_up};
use crate::accounts::gate::{Caller, no_session_cookie, session_cookie};
use crate::accounts::model::{DisplayName, Email, Person, SessionKind};
use crate::accounts::password::{Password, Passwords};
use crate::accounts::queries::credentials_of;
use crate::accounts::refusal::Refusal;
use crate::accounts::token::Token;
use crate::accounts::workplaces::Workplaces;
use crate::base::{Fault, Refusal as _};
use crate::store::{Read, Stop};
use crate::web::{FieldErrors, Flash, Form, Frame, LocalPath, PageError, PageResult, SeeOther, Site, page, page_with};

/// Where to go on to: a path of this site, or home.
#[derive(Deserialize)]
pub struct Onward {
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "accounts/sign_in.html")]
struct SignInPage {
    frame: Frame,
    email: String,
    next: String,
    sign_up_url: String,
    problem: Option<String>,
    errors: FieldErrors,
}

impl SignInPage {
    fn new(frame: Frame, email: String, next: String, problem: Option<String>) -> SignInPage {
        let (frame, sign_up_url) = (frame.titled("Sign in").tab("me"), with_next("/sign-up", &next));
        SignInPage { frame, email, next, sign_up_url, problem, errors: FieldErrors::default() }
    }
}

/// `GET /sign-in`
pub async fn sign_in_form(viewer: Viewer, frame: Frame, Query(onward): Query<Onward>) -> Response {
    if viewer.person().is_some_and(|person| !person.is_guest()) {
        return SeeOther::to(LocalPath::parse_or_home(&onward.next)).into_response();
    }
    page(SignInPage::new(frame, String::new(), onward.next, None))
}

#[derive(Deserialize)]
pub struct SignInFields {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`
pub async fn sign_in_by_form(
    State(site): State<Site>,
    Extension(passwords): Extension<Passwords>,
    caller: Caller,
    frame: Frame,
    form: Form<SignInFields>,
) -> PageResult {
    let SignInFields { email, password, next } = form.fields;
    let credentials = credentials_of(&site.store.snapshot()?, &email)?;
    let entered = match passwords.verify(credentials, Password::typed(password)).await {
        Ok(verified) => {
            let token = Token::new()?;
            let entry = caller.entry(&token);
            let begun = site.store.write(move |tx| begin_session(tx, &verified, &entry)).await.outcome;
            begun.map(|_| session_cookie(&site, &token, &SessionKind::Browser))
        }
        Err(stop) => Err(stop),
    };
    match entered {
        Ok(cookie) => Ok(SeeOther::to(LocalPath::parse_or_home(&next)).cookie(cookie).into_response()),
        Err(Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal)) => {
            let again = SignInPage::new(frame, email, next, Some(refusal.message()));
            Ok(page_with(status_of(&refusal), again))
        }
        Err(Stop::Fault(fault)) => Err(fault.into()),
    }
}

#[derive(Template)]
#[template(path = "accounts/sign_up.html")]
struct SignUpPage {
    frame: Frame,
    name: String,
    email: String,
    next: String,
    sign_in_url: String,
    /// A guest, whose vouchers and orders the new account takes over.
    keeps: bool,
    problem: Option<String>,
    errors: FieldErrors,
}

/// `GET /sign-up`
pub async fn sign_up_form(viewer: Viewer, frame: Frame, Query(onward): Query<Onward>) -> Response {
    let Some(keeps) = viewer.person().map_or(Some(false), |person| person.is_guest().then_some(true)) else {
        return SeeOther::to(LocalPath::parse_or_home(&onward.next)).into_response();
    };
    let typed = SignUpFields { next: onward.next, ..SignUpFields::default() };
    page(typed.shown_again(frame, keeps, FieldErrors::default()))
}

#[derive(Default, Deserialize)]
pub struct SignUpFields {
    name: String,
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

impl SignUpFields {
    /// What was chosen, with its password taken out of the form; or what is wrong with which field.
    fn chosen(&mut self) -> Result<(DisplayName, Email, Password), FieldErrors> {
        let mut errors = FieldErrors::default();
        let typed = std::mem::take(&mut self.password);
        let name = errors.check("name", DisplayName::parse(&self.name));
        let email = errors.check("email", Email::parse(&self.email));
        let password = match &email {
            Some(email) => errors.check("password", Password::chosen(typed, email)),
            None => None,
        };
        match (name, email, password) {
            (Some(name), Some(email), Some(password)) => Ok((name, email, password)),
            _ => Err(errors),
        }
    }

    fn shown_again(self, frame: Frame, keeps: bool, errors: FieldErrors) -> SignUpPage {
        let SignUpFields { name, email, password: _, next } = self;
        let (frame, sign_in_url) = (frame.titled("Make an account").tab("me"), with_next("/sign-in", &next));
        SignUpPage { frame, name, email, next, sign_in_url, keeps, problem: None, errors }
    }
}

/// `POST /sign-up`
pub async fn sign_up_by_form(
    State(site): State<Site>,
    Extension(passwords): Extension<Passwords>,
    caller: Caller,
    frame: Frame,
    form: Form<SignUpFields>,
) -> PageResult {
    let mut fields = form.fields;
    let keeps = caller.viewer.person().is_some_and(Person::is_guest);
    let (name, email, password) = match fields.chosen() {
        Ok(chosen) => chosen,
        Err(errors) => {
            let again = fields.shown_again(frame, keeps, errors);
            return Ok(page_with(StatusCode::UNPROCESSABLE_ENTITY, again));
        }
    };
    let welcome = Flash::done(format!("Welcome, {name}."));
    let account = NewAccount { name, email, password: passwords.hash(password).await? };
    let token = Token::new()?;
    let entry = caller.entry(&token);
    match site.store.write(move |tx| sign_up(tx, &account, &entry)).await.outcome {
        Ok(_) => {
            let cookie = session_cookie(&site, &token, &SessionKind::Browser);
            Ok(SeeOther::to(LocalPath::parse_or_home(&fields.next)).flash(welcome).cookie(cookie).into_response())
        }
        Err(Stop::Refuse(refusal) | Stop::RefuseKeeping(refusal)) => {
            let Some(errors) = FieldErrors::of_refusal(&refusal) else { return Err(refusal.into()) };
            Ok(page_with(status_of(&refusal), fields.shown_again(frame, keeps, errors)))
        }
        Err(Stop::Fault(fault)) => Err(fault.into()),
    }
}

#[derive(Deserialize)]
pub struct NoFields {}

/// `POST /sign-out`
pub async fn sign_out_by_form(State(site): State<Site>, caller: Caller, _: Form<NoFields>) -> PageResult {
    if let Some(token) = caller.token() {
        site.store.write(move |tx| sign_out(tx, &token)).await.outcome?;
    }
    let done = Flash::done("You are signed out.");
    Ok(SeeOther::to(LocalPath::home()).flash(done).cookie(no_session_cookie(&site)).into_response())
}

#[derive(Template)]
#[template(path = "accounts/me.html")]
struct MePage {
    frame: Frame,
    name: String,
    email: String,
    guest: bool,
    /// Month and year.
    since: String,
    roles: Vec<String>,
}

/// `GET /me`
pub async fn me(
    State(site): State<Site>,
    Extension(workplaces): Extension<Workplaces>,
    viewer: Viewer,
    frame: Frame,
) -> PageResult {
    let Some(person) = viewer.person() else { return Err(PageError::not_found()) };
    let snapshot = site.store.snapshot()?;
    let shown = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Ok(page(MePage {
        frame: frame.titled("Me").tab("me"),
        name: shown(person.name.as_ref().map(DisplayName::as_str)),
        email: shown(person.email().map(Email::as_str)),
        guest: person.is_guest(),
        since: person.since.in_zone(&site.settings().zone).strftime("%B %Y").to_string(),
        roles: roles_in_words(&snapshot, person, workplaces)?,
    }))
}

/// "Till at Ravintola Kuu", "Operator".
fn roles_in_words(read: &dyn Read, person: &Person, workplaces: Workplaces) -> Result<Vec<String>, Fault> {
    let in_words = |grant: &Grant| match grant {
        Grant::Staff { role, merchant, .. } => {
            let role = capitalised(Role::from(*role));
            let name = (workplaces.name)(read, *merchant)?;
            Ok(name.map_or_else(|| role.clone(), |name| format!("{role} at {name}")))
        }
        Grant::Moderator => Ok(capitalised(Role::Moderator)),
        Grant::Operator => Ok(capitalised(Role::Operator)),
    };
    person.grants.iter().map(in_words).collect()
}

fn capitalised(role: Role) -> String {
    let mut name = role.name().to_owned();
    if let Some(first) = name.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    name
}

/// The path of a page of the door, with where to go on to.
pub(in crate::accounts) fn with_next(page: &str, next: &str) -> String {
    match serde_urlencoded::to_string([("next", next)]) {
        Ok(query) if !next.is_empty() => format!("{page}?{query}"),
        _ => page.to_owned(),
    }
}

fn status_of(refusal: &Refusal) -> StatusCode {
    StatusCode::from_u16(refusal.kind().status()).unwrap_or(StatusCode::BAD_REQUEST)
}
